/* Calls with a store: money that never passes a limit, the record, scripts. */
#include "vdo/model/model.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include "model_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static _Atomic int64_t hurried_ms = 1795219200000;

static int64_t hurried(const struct clock *clock)
{
    (void)clock;
    return hurried_ms += 7;
}

static const struct clock hurried_clock = {hurried, hurried};

struct world {
    char dir[64];
    struct store *store;
    struct model_server *server;
    struct config *config;
    struct model *model;
    struct model_session *session;
    char job[RAND_ID_SIZE];
};

static void make_store(struct world *w)
{
    struct err err = {0};
    AUTO_FREE char *url = NULL;

    (void)strcpy(w->dir, "/tmp/vdo-test-model-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    url = xasprintf("sqlite:%s/vdo.db", w->dir);
    if (store_open(url, &hurried_clock, &w->store, &err))
        fail_msg("%s", err.text);
}

static char *empty(void)
{
    return (char *)(uintptr_t) "";
}

static void make_job(struct world *w, int64_t issue)
{
    struct err err = {0};
    struct job job = {.workflow = (char *)(uintptr_t) "build",
                      .forge = (char *)(uintptr_t) "local",
                      .repo = (char *)(uintptr_t) "/r",
                      .issue = issue,
                      .title = empty(),
                      .text = empty(),
                      .instructions = empty(),
                      .type = (char *)(uintptr_t) "feature",
                      .priority = (char *)(uintptr_t) "normal",
                      .requester = empty(),
                      .trigger = (char *)(uintptr_t) "{}",
                      .base_ref = empty()};

    if (store_job_create(w->store, &job, NULL, 0, w->job, &err))
        fail_msg("%s", err.text);
}

static void open_yaml(struct world *w, const char *providers, const char *role)
{
    AUTO_FREE char *yaml = xasprintf(
        "forge: local\nproviders:\n%sroles: {refiner: [%s], planner: [%s], builder: [%s], "
        "tester: [%s], reviewer: [%s]}\n",
        providers, role, role, role, role, role);
    struct err err = {0};

    if (config_parse("t.yml", yaml, strlen(yaml), CONFIG_FOR_RUN, &w->config, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(model_open(w->config, w->store, &hurried_clock, &w->model, &err), 0);
    w->session = model_session_new(w->model, NULL);
}

static void open_served(struct world *w, const struct model_reply *replies, size_t n)
{
    AUTO_FREE char *yaml = NULL;

    memset(w, 0, sizeof(*w));
    make_store(w);
    make_job(w, 1);
    w->server = model_server_start(replies, n);
    yaml = xasprintf("  p: {api: openai-chat, base_url: \"%s/v1\", key: test-key-abcdef, model: "
                     "gpt-4.1, max_output_tokens: 256}\n",
                     model_server_url(w->server));
    open_yaml(w, yaml, "p");
}

static void close_world(struct world *w)
{
    model_session_free(w->session);
    model_close(w->model);
    config_free(w->config);
    store_close(w->store);
    model_server_stop(w->server);
    assert_int_equal(fs_remove_tree(w->dir, NULL), 0);
}

static int call_with(struct world *w, struct model_session *session, struct spend_limits limits,
                     const char *text, struct model_result *result, struct err *err)
{
    struct model_context context = {
        .job_id = w->job, .step = "build", .step_attempt = 1, .limits = limits};
    struct chat chat;
    struct model_request request = {.role = ROLE_BUILDER, .chat = &chat};
    int rc;

    chat_init(&chat, "VDO role: builder");
    chat_add_user(&chat, text);
    rc = model_call(session, &context, &request, result, err);
    chat_release(&chat);
    return rc;
}

static struct spend_totals totals_of(struct world *w)
{
    struct spend_totals totals = {0};

    assert_int_equal(store_spend_totals(w->store, w->job, hurried_ms, &totals, NULL), 0);
    return totals;
}

static void call__is_recorded_with_its_cost_and_without_secrets(void **state)
{
    static const struct model_reply replies[] = {
        {.status = 500,
         .type = "application/json",
         .body = "{\"error\":{\"message\":\"key test-key-abcdef is odd\"}}"},
        {.body = sample_chat_tools},
    };
    struct world w;
    struct model_result result = {0};
    struct model_call *calls = NULL;
    struct err err = {0};
    json_auto_t *response = NULL;
    size_t n = 0;
    struct spend_totals totals;

    (void)state;
    open_served(&w, replies, 2);
    assert_int_equal(call_with(&w, w.session, (struct spend_limits){.job_microusd = 1000000},
                               "my token is ghp_abcdefghijklmnopqrstuvwxyz012345", &result, &err),
                     0);
    assert_int_equal(result.cost_microusd, 952 * 2 + 2048 / 2 + 40 * 8);
    assert_int_equal(store_call_list(w.store, w.job, true, &calls, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_false(calls[0].ok);
    assert_int_equal(calls[0].cost_microusd, 0);
    assert_int_equal(calls[1].attempt, 2);
    assert_true(calls[1].ok);
    assert_string_equal(calls[1].role, "builder");
    assert_string_equal(calls[1].provider, "p");
    assert_string_equal(calls[1].model, "gpt-4.1");
    assert_int_equal(calls[1].cache_read_tokens, 2048);
    assert_int_equal(calls[1].cost_microusd, result.cost_microusd);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(calls[i].request, "ghp_"));
        assert_null(strstr(calls[i].response, "test-key-abcdef"));
    }
    assert_int_equal(js_parse(calls[1].response, strlen(calls[1].response), &response, &err), 0);
    assert_string_equal(js_str(response, "turn.blocks.0.tool", ""), "read_file");
    totals = totals_of(&w);
    assert_int_equal(totals.job_microusd, result.cost_microusd); /* nothing is left reserved */
    assert_int_equal(totals.month_microusd, result.cost_microusd);
    for (size_t i = 0; i < n; i++)
        model_call_release(&calls[i]);
    free(calls);
    model_result_release(&result);
    close_world(&w);
}

static void limit__that_the_next_call_could_pass_stops_it_and_says_so(void **state)
{
    static const struct {
        struct spend_limits limits;
        const char *says;
    } cases[] = {
        {{.job_microusd = 10}, "the job's limit of $0.00 would be passed"},
        {{.day_microusd = 10}, "raise limits.day_usd"},
        {{.month_microusd = 10}, "raise limits.month_usd"},
        {{.job_microusd = 1000000, .day_microusd = 10, .month_microusd = 1000000}, "day's limit"},
    };
    static const struct model_reply replies[] = {{.body = sample_chat_text}};
    struct world w;

    (void)state;
    open_served(&w, replies, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct model_result result = {0};
        struct err err = {0};

        assert_int_equal(call_with(&w, w.session, cases[i].limits, "hi", &result, &err),
                         VDO_E_LIMIT);
        assert_non_null(strstr(err.text, cases[i].says));
    }
    assert_int_equal(model_server_requests(w.server), 0);
    assert_int_equal(totals_of(&w).job_microusd, 0);
    close_world(&w);
}

static void failed_attempt__leaves_nothing_reserved(void **state)
{
    static const struct model_reply cases[] = {
        {.status = 500, .type = "application/json", .body = "{}"},
        {.status = 401, .type = "application/json", .body = "{}"},
        {.drop = true, .body = ""},
        {.body = sample_chat_text, .cut_after = 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        struct model_result result = {0};
        struct err err = {0};
        struct job job = {0};

        open_served(&w, &cases[i], 1);
        assert_int_not_equal(call_with(&w, w.session,
                                       (struct spend_limits){.job_microusd = 1000000}, "hi",
                                       &result, &err),
                             0);
        assert_int_equal(store_job_get(w.store, w.job, &job, &err), 0);
        assert_int_equal(totals_of(&w).job_microusd, job.cost_microusd);
        /* Refused requests are free; what may have been read is not. */
        assert_int_equal(job.cost_microusd > 0, i >= 2);
        job_release(&job);
        close_world(&w);
    }
}

static void cut_answer__is_settled_at_the_most_it_can_have_cost(void **state)
{
    static const struct model_reply cases[] = {
        {.drop = true, .body = ""},
        {.body = sample_chat_text, .cut_after = 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        struct model_call *calls = NULL;
        struct err err = {0};
        size_t n = 0;

        open_served(&w, &cases[i], 1);
        assert_int_not_equal(call_with(&w, w.session,
                                       (struct spend_limits){.job_microusd = 1000000}, "hi",
                                       &(struct model_result){0}, &err),
                             0);
        assert_int_equal(store_call_list(w.store, w.job, false, &calls, &n, &err), 0);
        assert_true(n >= 2);
        for (size_t k = 0; k < n; k++) {
            assert_true(calls[k].estimated);
            assert_int_equal(calls[k].output_tokens, 256);
            assert_true(calls[k].input_tokens > 1024);
            assert_int_equal(calls[k].cost_microusd, calls[k].input_tokens * 2 + 256 * 8);
            model_call_release(&calls[k]);
        }
        free(calls);
        close_world(&w);
    }
}

static void provider_limit__hands_over_to_the_next_provider(void **state)
{
    static const struct model_reply replies[] = {{.body = sample_chat_text}};
    struct world w = {0};
    struct model_result result = {0};
    struct err err = {0};
    AUTO_FREE char *yaml = NULL;

    (void)state;
    make_store(&w);
    make_job(&w, 1);
    w.server = model_server_start(replies, 1);
    yaml = xasprintf("  p: {api: openai-chat, base_url: \"%s/v1\", key: test-key-abcdef, model: "
                     "gpt-4.1, max_output_tokens: 256, day_usd: 0.006}\n"
                     "  q: {api: openai-chat, base_url: \"%s/v1\", key: test-key-abcdef, model: "
                     "gpt-4.1, max_output_tokens: 256, month_usd: 0.006}\n",
                     model_server_url(w.server), model_server_url(w.server));
    open_yaml(&w, yaml, "p, q");
    /* No other limit is set, and these hold all the same. */
    for (int i = 0; i < 100; i++) {
        if (call_with(&w, w.session, (struct spend_limits){0}, "hi", &result, &err))
            break;
        assert_true(i > 0 || strcmp(result.provider, "p") == 0);
        model_result_release(&result);
    }
    assert_int_equal(err.code, VDO_E_LIMIT);
    assert_non_null(strstr(err.text, "p: the provider's limit for a day of $0.01 would be passed"));
    assert_non_null(strstr(err.text, "q: the provider's limit for a month"));
    assert_non_null(strstr(err.text, "providers.NAME.month_usd"));
    assert_true(totals_of(&w).month_microusd > 0);
    assert_true(totals_of(&w).month_microusd <= 12000);
    close_world(&w);
}

static void repository_limit__stops_a_second_job_of_it(void **state)
{
    static const struct model_reply replies[] = {{.body = sample_chat_tools}};
    struct world w;
    struct model_result result = {0};
    struct err err = {0};
    struct spend_limits limits = {.repo_day_microusd = 9000};

    (void)state;
    open_served(&w, replies, 1);
    assert_int_equal(call_with(&w, w.session, limits, "hi", &result, &err), 0);
    model_result_release(&result);
    make_job(&w, 2);
    while (call_with(&w, w.session, limits, "hi", &result, &err) == 0)
        model_result_release(&result);
    assert_int_equal(err.code, VDO_E_LIMIT);
    assert_non_null(strstr(err.text, "limits.repo_day_usd"));
    assert_true(totals_of(&w).repo_day_microusd <= 9000);
    close_world(&w);
}

/* Many threads, many failures, limits that bite: the sum must never pass. */
enum { N_THREADS = 8, N_CALLS = 12 };

struct spender {
    struct world *w;
    pthread_t thread;
    int limited;
    int done;
};

static const struct spend_limits tight = {
    .job_microusd = 30000, .day_microusd = 25000, .month_microusd = 40000};

/* As long as the usage that the stand-in reports. */
static char long_text[9001];

static void *spend(void *arg)
{
    struct spender *s = arg;
    struct model_session *session = model_session_new(s->w->model, NULL);

    for (int i = 0; i < N_CALLS; i++) {
        struct model_result result = {0};
        struct err err = {0};
        int rc = call_with(s->w, session, tight, long_text, &result, &err);

        s->done += rc == 0;
        s->limited += rc == VDO_E_LIMIT;
        model_result_release(&result);
    }
    model_session_free(session);
    return NULL;
}

static void spending__of_many_threads_never_passes_a_limit(void **state)
{
    static const struct model_reply replies[] = {
        {.body = sample_chat_tools}, {.status = 429, .type = "application/json", .body = "{}"},
        {.body = sample_chat_text},  {.body = sample_chat_tools, .cut_after = 300},
        {.body = sample_chat_tools},
    };
    struct spender spenders[N_THREADS] = {0};
    struct world w;
    struct spend_totals totals;
    int limited = 0;
    int done = 0;

    (void)state;
    memset(long_text, 'a', sizeof(long_text) - 1);
    open_served(&w, replies, sizeof(replies) / sizeof(replies[0]));
    for (int i = 0; i < N_THREADS; i++) {
        spenders[i].w = &w;
        assert_int_equal(pthread_create(&spenders[i].thread, NULL, spend, &spenders[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(spenders[i].thread, NULL);
        limited += spenders[i].limited;
        done += spenders[i].done;
    }
    totals = totals_of(&w);
    assert_true(done > 0 && limited > 0);
    assert_true(totals.job_microusd > 0);
    assert_true(totals.job_microusd <= tight.day_microusd);
    close_world(&w);
}

/* ---- scripts ---- */

static void open_script(struct world *w, const char *script)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *yaml = NULL;
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    make_store(w);
    make_job(w, 1);
    path = xasprintf("%s/script.json", w->dir);
    assert_int_equal(fs_write_atomic(path, script, strlen(script), 0600, &err), 0);
    yaml = xasprintf("  s: {api: script, file: \"%s\"}\n", path);
    open_yaml(w, yaml, "s");
}

static char *ask(struct world *w, const char *text, int *out_rc, struct err *err)
{
    struct model_result result = {0};
    char *said;

    err_clear(err);
    *out_rc =
        call_with(w, w->session, (struct spend_limits){.job_microusd = 1}, text, &result, err);
    if (*out_rc)
        return xstrdup("");
    assert_true(result.cost_known && result.cost_microusd == 0);
    said = turn_text(&result.turn);
    model_result_release(&result);
    return said;
}

static void script__answers_a_role_in_order_and_ends_with_a_reason(void **state)
{
    static const char script[] =
        "{\"steps\":[{\"role\":\"planner\",\"answer\":{\"text\":\"other\"}},"
        "{\"role\":\"builder\",\"answer\":{\"text\":\"one\"}},"
        "{\"role\":\"builder\",\"answer\":{\"text\":{\"two\":2}}}]}";
    struct world w;
    struct err err = {0};
    int rc;
    AUTO_FREE char *a = NULL;
    AUTO_FREE char *b = NULL;
    AUTO_FREE char *c = NULL;

    (void)state;
    open_script(&w, script);
    assert_true(model_is_scripted(w.model, ROLE_BUILDER));
    a = ask(&w, "x", &rc, &err);
    assert_string_equal(a, "one");
    b = ask(&w, "x", &rc, &err);
    assert_string_equal(b, "{\"two\":2}");
    c = ask(&w, "x", &rc, &err);
    assert_int_equal(rc, VDO_E_INVALID);
    assert_non_null(strstr(err.text, "no answer for role builder, turn 3"));
    close_world(&w);
}

static void script__skips_conditions_for_good(void **state)
{
    static const char script[] =
        "{\"steps\":[{\"role\":\"builder\",\"when\":{\"contains\":\"failed\"},\"answer\":{\"text\":"
        "\"fix early\"}},{\"role\":\"builder\",\"answer\":{\"text\":\"write\"}},"
        "{\"role\":\"builder\",\"when\":{\"contains\":\"failed\"},\"answer\":{\"text\":\"fix\"}},"
        "{\"role\":\"builder\",\"answer\":{\"text\":\"finish\"}}]}";
    static const struct {
        const char *said[3];
        const char *want[3];
    } cases[] = {
        {{"go", "failed", "fine"}, {"write", "fix", "finish"}},
        {{"go", "fine", NULL}, {"write", "finish", NULL}},
        {{"failed", "go", "fine"}, {"fix early", "write", "finish"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;

        open_script(&w, script);
        for (size_t turn = 0; turn < 3 && cases[i].said[turn]; turn++) {
            struct err err = {0};
            int rc;
            AUTO_FREE char *text = ask(&w, cases[i].said[turn], &rc, &err);

            assert_int_equal(rc, 0);
            assert_string_equal(text, cases[i].want[turn]);
        }
        close_world(&w);
    }
}

static void script__gives_tool_calls_usage_and_stop(void **state)
{
    static const char script[] =
        "{\"steps\":[{\"role\":\"builder\",\"answer\":{\"text\":\"\",\"tool_calls\":[{\"name\":"
        "\"edit_file\",\"arguments\":{\"path\":\"a\"}},{\"name\":\"x\",\"arguments\":\"{oops\"}],"
        "\"usage\":{\"input\":1200,\"output\":80}}},"
        "{\"role\":\"builder\",\"answer\":{\"text\":\"cut\",\"stop\":\"length\"}}]}";
    struct world w;
    struct model_result result = {0};
    struct err err = {0};
    struct spend_limits none = {0};

    (void)state;
    open_script(&w, script);
    assert_int_equal(call_with(&w, w.session, none, "x", &result, &err), 0);
    assert_int_equal(result.stop, STOP_TOOL);
    assert_int_equal(result.turn.n_blocks, 2);
    assert_string_equal(js_str(result.turn.blocks[0].args, "path", ""), "a");
    assert_null(result.turn.blocks[1].args);
    assert_int_equal(result.usage.input, 1200);
    assert_int_equal(result.usage.output, 80);
    assert_false(result.usage.estimated);
    model_result_release(&result);
    assert_int_equal(call_with(&w, w.session, none, "x", &result, &err), 0);
    assert_int_equal(result.stop, STOP_LENGTH);
    assert_true(result.usage.estimated);
    model_result_release(&result);
    close_world(&w);
}

static void script__that_is_wrong_names_the_place(void **state)
{
    static const struct {
        const char *script;
        const char *says;
    } cases[] = {
        {"{}", "steps: expected an array"},
        {"{\"steps\":[{\"role\":\"builder\"}]}", "steps.0.answer: expected an object"},
        {"{\"steps\":[{\"role\":\"tester\",\"answer\":{}},{\"role\":\"cook\",\"answer\":{}}]}",
         "steps.1.role: expected refiner, planner"},
        {"{\"steps\":[7]}", "steps.0.role: expected refiner, planner"},
        {"{\"steps\":[{\"role\":\"tester\",\"answer\":{\"text\":5}}]}",
         "steps.0.answer.text: expected a string"},
        {"{\"steps\":[{\"role\":\"tester\",\"answer\":{\"tool_calls\":{}}}]}",
         "steps.0.answer.tool_calls: expected an array"},
        {"{\"steps\":", "line 1"},
        {"{\"steps\":[]}", "role builder, turn 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        struct err err = {0};
        int rc;
        AUTO_FREE char *text = NULL;

        open_script(&w, cases[i].script);
        text = ask(&w, "x", &rc, &err);
        assert_int_equal(rc, VDO_E_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_non_null(strstr(err.text, "script.json"));
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__is_recorded_with_its_cost_and_without_secrets),
        cmocka_unit_test(limit__that_the_next_call_could_pass_stops_it_and_says_so),
        cmocka_unit_test(failed_attempt__leaves_nothing_reserved),
        cmocka_unit_test(cut_answer__is_settled_at_the_most_it_can_have_cost),
        cmocka_unit_test(provider_limit__hands_over_to_the_next_provider),
        cmocka_unit_test(repository_limit__stops_a_second_job_of_it),
        cmocka_unit_test(spending__of_many_threads_never_passes_a_limit),
        cmocka_unit_test(script__answers_a_role_in_order_and_ends_with_a_reason),
        cmocka_unit_test(script__skips_conditions_for_good),
        cmocka_unit_test(script__gives_tool_calls_usage_and_stop),
        cmocka_unit_test(script__that_is_wrong_names_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
