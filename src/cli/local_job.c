#include "local_job.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/bus/bus.h"
#include "vdo/cli/commands.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"
#include "vdo/report/checkpoints.h"
#include "vdo/report/report.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "# Title" and the rest; the first line that holds a word is the title. */
static void split_text(const char *text, char **out_title, char **out_body)
{
    size_t len;

    text += strspn(text, "# \t\r\n");
    len = strcspn(text, "\r\n");
    *out_title = xmemdup0(text, len < 250 ? len : 250);
    text += len;
    *out_body = xstrdup(text + strspn(text, "\r\n"));
}

static void print_event(void *arg, const struct bus_event *event)
{
    json_auto_t *data = NULL;

    (void)arg;
    if (strcmp(event->type, "log") != 0 ||
        js_parse(event->data, strlen(event->data), &data, NULL) != VDO_OK)
        return;
    (void)fprintf(stderr, "  %-9s %-6s %s\n", js_str(data, "step", ""), js_str(data, "level", ""),
                  js_str(data, "text", ""));
}

static int submit(struct app *app, const struct local_job *spec, const char *dir, char *id,
                  struct err *err)
{
    AUTO_FREE char *title = NULL;
    AUTO_FREE char *body = NULL;
    struct job job = {0};
    char none[] = "";
    char workflow[] = "build";
    char forge[] = "local";
    char feature[] = "feature";
    char priority[] = "normal";
    char trigger[] = "{\"kind\":\"cli\"}";

    split_text(spec->text, &title, &body);
    if (!*title)
        return err_set(err, VDO_E_INVALID, "the issue text is empty");
    job.workflow = workflow;
    job.forge = forge;
    job.repo = (char *)(uintptr_t)dir;
    job.title = title;
    job.text = body;
    job.instructions = none;
    job.type = spec->type ? (char *)(uintptr_t)spec->type : feature;
    job.priority = priority;
    job.requester = none;
    job.trigger = trigger;
    job.base_ref = spec->base ? (char *)(uintptr_t)spec->base : none;
    return jobs_submit(app_jobs(app), &job, NULL, 0, id, err);
}

/* ---- signals ---- */

static sigset_t signals;

void local_job_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)sigemptyset(&signals);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction now;

        /* Started by nohup, it goes on. */
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            (void)sigaddset(&signals, numbers[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

struct watcher {
    struct jobs *jobs;
    const char *id;
    int *caught;
    atomic_bool over; /* the job has ended: the next signal is for this thread alone */
    pthread_t thread;
    bool runs;
};

static void *cancel_at_signal(void *arg)
{
    struct watcher *w = arg;
    int number;

    while (sigwait(&signals, &number) == 0 && !atomic_load(&w->over)) {
        if (*w->caught)
            _exit(128 + number);
        *w->caught = number;
        if (jobs_cancel(w->jobs, w->id, sigdescr_np(number), NULL))
            _exit(128 + number);
    }
    return NULL;
}

static void watch(struct watcher *w)
{
    if (w->caught && !sigisemptyset(&signals))
        w->runs = pthread_create(&w->thread, NULL, cancel_at_signal, w) == 0;
}

static void stop_watching(struct watcher *w)
{
    int number = 1;

    if (!w->runs)
        return;
    while (sigismember(&signals, number) != 1)
        number++;
    atomic_store(&w->over, true);
    (void)pthread_kill(w->thread, number);
    (void)pthread_join(w->thread, NULL);
}

/* ---- the run ---- */

int local_job_run(struct app *app, const struct local_job *spec, struct job *out, struct err *err)
{
    AUTO_FREE char *dir = realpath(spec->dir, NULL);
    char id[RAND_ID_SIZE];
    struct watcher watcher = {.jobs = app_jobs(app), .id = id, .caught = spec->caught};
    int handle = -1;
    int rc;

    if (!dir)
        return err_set(err, VDO_E_INVALID, "%s: no such directory", spec->dir);
    rc = submit(app, spec, dir, id, err);
    if (rc)
        return rc;
    if (!spec->quiet) {
        (void)fprintf(stderr, "job %s on %s\n", id, dir);
        handle = bus_subscribe(app_bus(app), 0, print_event, NULL);
    }
    watch(&watcher);
    rc = jobs_run_now(app_jobs(app), id, err);
    stop_watching(&watcher);
    if (handle >= 0)
        bus_unsubscribe(app_bus(app), handle);
    if (rc)
        return rc;
    return store_job_get(app_store(app), id, out, err);
}

static json_t *usage_totals(struct app *app, const char *job_id)
{
    static const char *const names[] = {"calls", "input_tokens", "cache_read_tokens",
                                        "cache_write_tokens", "output_tokens"};
    json_t *list = report_usage(app_store(app), job_id);
    json_t *totals = json_object();
    size_t i;
    json_t *item;

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        int64_t sum = 0;

        json_array_foreach (list, i, item)
            sum += js_int(item, names[n], 0);
        (void)json_object_set_new(totals, names[n], json_integer(sum));
    }
    (void)json_object_set_new(totals, "by_model", list);
    return totals;
}

json_t *local_job_json(struct app *app, const struct job *job)
{
    json_t *all = report_job_json(app_report(app), job, true);
    json_t *out = json_object();

    (void)json_object_set_new(out, "id", json_string(job->id));
    (void)json_object_set_new(out, "status", json_string(job_state_name(job->state)));
    (void)json_object_set(out, "headline", json_object_get(all, "headline"));
    (void)json_object_set(out, "reason", json_object_get(all, "reason"));
    (void)json_object_set(out, "branch", json_object_get(all, "branch"));
    (void)json_object_set(out, "base", json_object_get(all, "base_sha"));
    (void)json_object_set(out, "base_branch", json_object_get(all, "base"));
    (void)json_object_set(out, "head", json_object_get(all, "head_sha"));
    (void)json_object_set_new(out, "commits",
                              json_integer(job->head_sha && *job->head_sha ? 1 : 0));
    (void)json_object_set(out, "files", json_object_get(all, "files"));
    (void)json_object_set(out, "verdict", json_object_get(all, "verdict"));
    (void)json_object_set(out, "criteria", json_object_get(all, "criteria"));
    (void)json_object_set(out, "checks", json_object_get(all, "checks"));
    (void)json_object_set(out, "new_tests", json_object_get(all, "new_tests"));
    (void)json_object_set(out, "findings", json_object_get(all, "findings"));
    (void)json_object_set(out, "tasks", json_object_get(all, "tasks"));
    (void)json_object_set_new(out, "usage", usage_totals(app, job->id));
    (void)json_object_set(out, "cost_usd", json_object_get(all, "cost_usd"));
    (void)json_object_set(out, "steps", json_object_get(all, "steps"));
    json_decref(all);
    return out;
}

void local_job_print(struct app *app, const struct job *job)
{
    json_auto_t *all = report_job_json(app_report(app), job, true);
    AUTO_FREE char *table = report_verdict_text(json_object_get(all, "verdict"));
    char usd[32];
    size_t i;
    json_t *file;

    (void)printf("%s: %s%s%s\n", job_state_name(job->state), job->headline,
                 *job->reason ? ": " : "", job->reason);
    if (job->branch && *job->branch)
        (void)printf("branch %s at %.10s on %.10s\n", job->branch, job->head_sha, job->base_sha);
    json_array_foreach (json_object_get(all, "files"), i, file)
        (void)printf("  %s %-50s +%lld -%lld\n", js_str(file, "action", ""),
                     js_str(file, "path", ""), (long long)js_int(file, "added", 0),
                     (long long)js_int(file, "removed", 0));
    if (*table)
        (void)printf("verdict\n%s", table);
    (void)printf("cost %s\n", report_usd_text(job->cost_microusd, usd, sizeof(usd)));
}

int local_job_exit_code(const struct job *job)
{
    if (job->state == JOB_COMPLETED)
        return EXIT_DONE;
    return strcmp(job->headline, REPORT_HEADLINE_LIMIT) == 0 ? EXIT_REFUSED : EXIT_FAILED;
}
