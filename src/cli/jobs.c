#include "common.h"

#include "vdo/app/app.h"
#include "vdo/base/mem.h"
#include "vdo/bus/bus.h"
#include "vdo/cli/commands.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"
#include "vdo/report/report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "Usage: vdo jobs [-c FILE] [--json] [list | show ID | calls ID | log ID [-f] | cancel ID | retry ID | rate ID N]\n\n"
    "calls: every attempt at a model call with its tokens, cost and time\n\n"
    "  -c, --config FILE  configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -j, --json         one JSON document on standard output\n"
    "  -f, --follow       log: go on until the job has ended\n"
    "  -n, --limit N      list: at most N jobs (1 to 200, default 50)\n";

enum { PAGE = 200, FOLLOW_MS = 500 };

struct jobs_call {
    struct app *app;
    const char *id;
    const char *extra;
    bool json;
    bool follow;
    int limit;
};

static int list(struct jobs_call *call, struct err *err)
{
    struct job_filter filter = {.state = -1, .limit = call->limit};
    json_auto_t *all = json_array();
    struct job *jobs = NULL;
    size_t n = 0;
    int rc = store_job_list(app_store(call->app), &filter, &jobs, &n, err);

    for (size_t i = 0; i < n; i++) {
        struct job *job = &jobs[i];
        char usd[32];

        if (call->json)
            (void)json_array_append_new(all, report_job_json(app_report(call->app), job, false));
        else
            (void)printf("%-13s %-17s %-24s %-10s %s\n", job->id, job_state_name(job->state),
                         job->repo, report_usd_text(job->cost_microusd, usd, sizeof(usd)),
                         job->title);
        job_release(job);
    }
    free(jobs);
    if (!rc && call->json) {
        json_auto_t *out = json_pack("{s:O}", "jobs", all);

        common_print_json(out);
    }
    return rc;
}

static int show(struct jobs_call *call, struct err *err)
{
    json_auto_t *all = NULL;
    struct job job = {0};
    int rc = store_job_get(app_store(call->app), call->id, &job, err);

    if (rc)
        return rc;
    all = report_job_json(app_report(call->app), &job, true);
    if (call->json) {
        common_print_json(all);
    } else {
        AUTO_FREE char *comment = NULL;

        rc = report_progress((void *)(uintptr_t)app_report(call->app), job.id, &comment, err);
        if (!rc)
            (void)printf("%s %s: %s\n\n%s\n", job.id, job.repo, job.title, comment);
    }
    job_release(&job);
    return rc;
}

static void print_call(const json_t *one)
{
    char usd[32];
    int64_t micro = (int64_t)(js_num(one, "cost_usd", 0) * 1e6 + 0.5);
    int64_t prompt = js_int(one, "input_tokens", 0) + js_int(one, "cache_read_tokens", 0) +
                     js_int(one, "cache_write_tokens", 0);

    (void)printf("%s %-9s %-9s %-12s %-20s #%lld %-6s %8lld in (%3.0f %% cached) %7lld out %10s%s "
                 "%7lld ms\n",
                 js_str(one, "at", ""), js_str(one, "step", ""), js_str(one, "role", ""),
                 js_str(one, "provider", ""), js_str(one, "model", ""),
                 (long long)js_int(one, "attempt", 0), js_bool(one, "ok", false) ? "ok" : "failed",
                 (long long)prompt, js_num(one, "cache_hit_share", 0) * 100,
                 (long long)js_int(one, "output_tokens", 0),
                 report_usd_text(micro, usd, sizeof(usd)),
                 js_bool(one, "estimated", false) ? " (estimated)" : "",
                 (long long)js_int(one, "latency_ms", 0));
}

static int calls(struct jobs_call *call, struct err *err)
{
    json_auto_t *list = NULL;
    json_auto_t *out = NULL;
    struct job job = {0};
    json_t *one;
    size_t i;
    int rc = store_job_get(app_store(call->app), call->id, &job, err);

    if (rc)
        return rc;
    rc = report_calls(app_store(call->app), job.id, &list, err);
    job_release(&job);
    out = json_pack("{s:O?}", "calls", list);
    if (!rc && call->json)
        common_print_json(out);
    json_array_foreach (list, i, one) {
        if (!call->json)
            print_call(one);
    }
    return rc;
}

static void print_log(const struct jobs_call *call, const struct job_log *line)
{
    char stamp[CLOCK_RFC3339_SIZE];

    (void)clock_rfc3339(line->at_ms, stamp, sizeof(stamp));
    if (call->json) {
        json_auto_t *out = json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)line->seq, "at",
                                     stamp, "step", line->step, "level", line->level, "text",
                                     js_string_lossy(line->text, strlen(line->text)));
        AUTO_FREE char *text = js_dump(out);

        (void)puts(text);
    } else {
        (void)printf("%s %-9s %-6s %s\n", stamp, line->step, line->level, line->text);
    }
    (void)fflush(stdout);
}

static int print_new_lines(struct jobs_call *call, int64_t *after, size_t *out_n, struct err *err)
{
    struct job_log *lines = NULL;
    int rc = store_log_list(app_store(call->app), call->id, *after, PAGE, &lines, out_n, err);

    for (size_t i = 0; !rc && i < *out_n; i++) {
        *after = lines[i].seq;
        print_log(call, &lines[i]);
        job_log_release(&lines[i]);
    }
    free(lines);
    return rc;
}

static int print_job_log(struct jobs_call *call, struct err *err)
{
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
    int64_t after = 0;
    size_t n = 0;
    bool ended = false;
    int rc = VDO_OK;

    while (!rc && !ended) {
        struct job job = {0};

        rc = store_job_get(app_store(call->app), call->id, &job, err);
        ended = !rc && (!call->follow || job_state_is_final(job.state));
        job_release(&job);
        do {
            if (!rc)
                rc = print_new_lines(call, &after, &n, err);
        } while (!rc && n == PAGE);
        if (!rc && !ended)
            (void)nanosleep(&pause, NULL);
    }
    return rc;
}

static int cancel(struct jobs_call *call, struct err *err)
{
    struct job job = {0};
    int rc = jobs_cancel(app_jobs(call->app), call->id, "cancelled from the command line", err);

    if (!rc)
        rc = store_job_get(app_store(call->app), call->id, &job, err);
    if (!rc)
        (void)printf("%s: %s\n", call->id,
                     job.state == JOB_CANCELLED ? "cancelled" : "cancel requested");
    job_release(&job);
    return rc;
}

static int retry(struct jobs_call *call, struct err *err)
{
    int rc = jobs_retry(app_jobs(call->app), call->id, err);

    if (!rc)
        (void)printf("%s: queued again\n", call->id);
    return rc;
}

static int rate(struct jobs_call *call, struct err *err)
{
    char *end = NULL;
    long stars = call->extra ? strtol(call->extra, &end, 10) : 0;
    int rc;

    if (stars < 1 || stars > 5 || *end)
        return err_set(err, VDO_E_INVALID, "rate ID N: N is 1 to 5");
    rc = store_job_rate(app_store(call->app), call->id, (int)stars, "operator", err);
    if (!rc)
        (void)printf("%s: rated %ld\n", call->id, stars);
    return rc;
}

static const struct {
    const char *name;
    int (*run)(struct jobs_call *call, struct err *err);
    int words; /* behind the verb */
} verbs[] = {{"calls", calls, 1},       {"cancel", cancel, 1}, {"list", list, 0},
             {"log", print_job_log, 1}, {"rate", rate, 2},     {"retry", retry, 1},
             {"show", show, 1}};

static int run_verb(const char *config_path, struct jobs_call *call, size_t verb)
{
    struct config *config = common_config(config_path, CONFIG_FOR_CHECK);
    struct err err = {0};
    int rc;

    if (!config)
        return EXIT_USAGE;
    rc = app_new(config, APP_STORE, &call->app, &err);
    if (!rc)
        rc = verbs[verb].run(call, &err);
    app_free(call->app, 0);
    config_free(config);
    if (rc)
        return common_fail("jobs", rc == VDO_E_INVALID ? EXIT_USAGE : common_exit_code(rc), "%s",
                           err.text);
    return EXIT_DONE;
}

int cli_jobs(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"follow", no_argument, NULL, 'f'},       {"limit", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    struct jobs_call call = {.limit = 50};
    const char *config = NULL;
    const char *verb;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:jfn:h", options, NULL)) != -1) {
        if (c == 'c')
            config = optarg;
        else if (c == 'j')
            call.json = true;
        else if (c == 'f')
            call.follow = true;
        else if (c == 'n')
            call.limit = (int)strtol(optarg, NULL, 10);
        else
            return (void)fputs(help, c == 'h' ? stdout : stderr), c == 'h' ? EXIT_DONE : EXIT_USAGE;
    }
    if (call.limit < 1 || call.limit > PAGE)
        return common_fail("jobs", EXIT_USAGE, "--limit: 1 to %d", PAGE);
    verb = optind < argc ? argv[optind] : "list";
    call.id = optind + 1 < argc ? argv[optind + 1] : NULL;
    call.extra = optind + 2 < argc ? argv[optind + 2] : NULL;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, verb) == 0 && argc - optind - (optind < argc) == verbs[i].words)
            return run_verb(config, &call, i);
    }
    (void)fputs(help, stderr);
    return EXIT_USAGE;
}
