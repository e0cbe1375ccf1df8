/*
 * fixture: a bot on a real store and an in-memory forge, for the tests of this folder. Time stands
 * still but for a second with every event. Nothing runs by itself: hear() hands one event to the
 * bot.
 */
#ifndef VDO_TESTS_UNIT_BOT_FIXTURE_H
#define VDO_TESTS_UNIT_BOT_FIXTURE_H

#include "forge_fake.h"
#include "must.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/bot/bot.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_MS 1795248000000LL
#define REPO     "acme/app"
#define ANYWHERE __attribute__((unused))

enum { REPO_ID = 5, INSTALLATION = 777 };

static char dir[64];
static struct clock_fake test_time;
static struct config *config;
static struct store *store;
static struct bus *bus;
static struct forge_fake *fake;
static struct forge_session *session;
static struct jobs *jobs;
static struct bot *bot;
static struct delivery_verdict verdict; /* of the last event */

static int open_all(const char *yaml)
{
    AUTO_FREE char *url = NULL;
    struct bot_options options = {0};
    struct jobs_options job_options = {0};
    struct err err = {0};

    (void)strcpy(dir, "/tmp/vdo-bot-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    clock_fake_init(&test_time, START_MS);
    url = xasprintf("sqlite:%s/vdo.db", dir);
    if (store_open(url, &test_time.clock, &store, &err) || bus_open("memory", &bus, &err) ||
        config_parse("vdo.yml", yaml, strlen(yaml), CONFIG_FOR_RUN, &config, NULL, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    fake = forge_fake_new(&test_time.clock);
    forge_fake_set_repo(fake, REPO, REPO_ID, "main", "/nowhere", false);
    forge_fake_set_permission(fake, "ada", FORGE_WRITE);
    forge_fake_set_permission(fake, "reader", FORGE_READ);
    session = forge_session_new(forge_fake_forge(fake), NULL);
    job_options = (struct jobs_options){.store = store,
                                        .bus = bus,
                                        .forge = forge_fake_forge(fake),
                                        .clock = &test_time.clock,
                                        .data_dir = dir};
    options = (struct bot_options){.config = config, .clock = &test_time.clock, .store = store};
    if (bot_new(&options, &bot, &err) || jobs_new(&job_options, &jobs, &err))
        return -1;
    bot_set_jobs(bot, jobs);
    return 0;
}

#define YAML                                                            \
    "forge: github\ngithub: {token: ghp_for_a_test_only}\nproviders:\n" \
    "  script: {api: script, file: config/demo/script.json}\nroles: {builder: [script]}\n"

static int setup(void **state)
{
    (void)state;
    return open_all(YAML);
}

static int teardown(void **state)
{
    (void)state;
    jobs_free(jobs);
    bot_free(bot);
    forge_session_free(session);
    forge_fake_free(fake);
    config_free(config);
    bus_close(bus);
    store_close(store);
    return fs_remove_tree(dir, NULL);
}

#define IN_BOT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- events ---- */

struct heard {
    const char *event;
    char *guid;
    char *body;
    int64_t at_ms;
};

static void heard_release(struct heard *heard)
{
    free(heard->guid);
    free(heard->body);
}

/* Make an event; body is taken. */
static struct heard event_of(const char *event, json_t *body)
{
    static int n;
    struct heard heard = {
        .event = event, .guid = xasprintf("guid-%08d", ++n), .body = js_dump(body)};

    json_decref(body);
    clock_fake_advance(&test_time, 1000);
    heard.at_ms = clock_now_ms(&test_time.clock);
    return heard;
}

static json_t *common(const char *action, const char *sender)
{
    return json_pack("{s:s, s:{s:i, s:s, s:s}, s:{s:s, s:i, s:s}, s:{s:i}}", "action", action,
                     "repository", "id", REPO_ID, "full_name", REPO, "default_branch", "main",
                     "sender", "login", sender, "id", 100 + (int)strlen(sender), "type", "User",
                     "installation", "id", INSTALLATION);
}

static json_t *issue_json(int64_t issue, const char *title, const char *body)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s}", "number", (json_int_t)issue, "id",
                     (json_int_t)(issue * 10), "title", title, "body", body, "state", "open");
}

static json_t *issues_body(const char *action, const char *sender, int64_t issue)
{
    json_t *body = common(action, sender);

    (void)json_object_set_new(body, "issue", issue_json(issue, "Title", "As it was"));
    if (strcmp(action, "labeled") == 0 || strcmp(action, "unlabeled") == 0)
        (void)json_object_set_new(body, "label", json_pack("{s:s}", "name", "vdo"));
    return body;
}

ANYWHERE static json_t *comment_body(const char *sender, int64_t issue, const char *text)
{
    json_t *body = issues_body("created", sender, issue);

    (void)json_object_set_new(
        body, "comment",
        json_pack("{s:i, s:s, s:{s:s}}", "id", 900, "body", text, "user", "login", sender));
    return body;
}

/* Hand an event to the bot, as the nth attempt. */
static void hear_again(const struct heard *heard, int attempt)
{
    struct delivery delivery = {.guid = xstrdup(heard->guid),
                                .event = xstrdup(heard->event),
                                .body = xstrdup(heard->body),
                                .body_len = strlen(heard->body),
                                .received_at_ms = heard->at_ms,
                                .attempts = attempt};

    bot_describe(bot, &delivery);
    bot_handle(bot, session, &delivery, &verdict);
    delivery_release(&delivery);
    assert_true(verdict.reason[0] != '\0');
}

static void hear(const char *event, json_t *body)
{
    struct heard heard = event_of(event, body);

    hear_again(&heard, 1);
    heard_release(&heard);
}

ANYWHERE static void say(const char *sender, int64_t issue, const char *text)
{
    hear("issue_comment", comment_body(sender, issue, text));
}

ANYWHERE static void assert_verdict(enum delivery_state state, const char *reason)
{
    if (verdict.state != state || verdict.retry_after_ms || !strstr(verdict.reason, reason))
        fail_msg("%s%s: '%s' instead of %s: '%s'", delivery_state_name(verdict.state),
                 verdict.retry_after_ms ? " (again)" : "", verdict.reason,
                 delivery_state_name(state), reason);
}

/* ---- what has come of it ---- */

static void add_issue(int64_t issue, bool labelled)
{
    forge_fake_add_issue(fake, REPO, issue, "ada", "Title", "As it is now");
    if (labelled)
        forge_fake_set_label(fake, REPO, issue, "vdo", true);
}

static size_t count_jobs(int64_t issue, bool only_open)
{
    struct job_filter filter = {
        .state = -1, .repo_id = REPO_ID, .issue = issue, .only_open = only_open, .limit = 200};
    struct job *list = NULL;
    size_t n = 0;

    MUST(store_job_list(store, &filter, &list, &n, &err));
    for (size_t i = 0; i < n; i++)
        job_release(&list[i]);
    free(list);
    return n;
}

/* The newest job of the issue; there must be one. Released by the caller. */
ANYWHERE static struct job newest_job(int64_t issue)
{
    struct job_filter filter = {.state = -1, .repo_id = REPO_ID, .issue = issue, .limit = 1};
    struct job *list = NULL;
    struct job job;
    size_t n = 0;

    MUST(store_job_list(store, &filter, &list, &n, &err));
    assert_int_equal(n, 1);
    job = list[0];
    free(list);
    return job;
}

ANYWHERE static enum job_state state_of(int64_t issue)
{
    struct job job = newest_job(issue);
    enum job_state job_state = job.state;

    job_release(&job);
    return job_state;
}

/* Rows of a job (NULL: of none) of this kind; the last one's payload in *payload, if asked for. */
ANYWHERE static size_t count_rows(const char *job_id, const char *kind, char **payload)
{
    struct outbox_row *rows = NULL;
    size_t n = 0;
    size_t found = 0;

    MUST(store_outbox_list(store, job_id ? job_id : "", &rows, &n, &err));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].kind, kind) == 0) {
            found++;
            if (payload) {
                free(*payload);
                *payload = xstrdup(rows[i].payload);
            }
        }
        outbox_row_release(&rows[i]);
    }
    free(rows);
    return found;
}

ANYWHERE static void assert_replies(size_t n, const char *last_has)
{
    AUTO_FREE char *payload = NULL;

    assert_int_equal(count_rows(NULL, "comment", &payload), n);
    if (last_has && !strstr(payload, last_has))
        fail_msg("the reply has no '%s': %s", last_has, payload);
}

#endif
