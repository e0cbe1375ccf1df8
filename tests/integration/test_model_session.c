/* Cancelling, jobs side by side, streaming, ping. */
#include "model_world.h"

static void *cancel_soon(void *arg)
{
    struct world *w = arg;

    while (model_server_requests(w->server[0]) == 0)
        sched_yield();
    atomic_store(&w->cancel, true);
    return NULL;
}

static void cancel__ends_a_call_that_hangs(void **state)
{
    REPLIES({.hang = true, .body = ""});
    struct world w;
    pthread_t thread;

    (void)state;
    open_world(&w, "anthropic", replies, n_replies);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &w), 0);
    assert_int_equal(call(&w), VDO_E_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(call(&w), VDO_E_CANCELLED);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    close_world(&w);
}

/* A call of another job, in a thread and a session of its own. */
struct other {
    struct world *w;
    int rc;
};

static void *call_in_vain(void *arg)
{
    struct other *other = arg;
    struct world *w = other->w;
    struct model_session *session = model_session_new(w->model, &w->cancel);
    struct model_request request = w->request;
    struct model_result result = {0};
    struct err err = {0};

    request.provider = "p0";
    other->rc = model_call(session, &w->context, &request, &result, &err);
    model_session_free(session);
    return NULL;
}

static void call__of_one_job_does_not_wait_for_another_s(void **state)
{
    static const char *const api[] = {"anthropic", "openai-chat"};
    REPLIES({.hang = true, .body = ""});
    struct world w = {0};
    struct other other = {.w = &w};
    pthread_t thread;

    (void)state;
    serve(&w, replies, n_replies);
    serve(&w, good_chat, 1);
    open_world_with(&w, api, "");
    assert_int_equal(pthread_create(&thread, NULL, call_in_vain, &other), 0);
    while (model_server_requests(w.server[0]) == 0)
        sched_yield();
    w.request.provider = "p1";
    for (int i = 0; i < 5; i++)
        assert_int_equal(call(&w), 0);
    json_decref(model_report(w.model));
    atomic_store(&w.cancel, true);
    pthread_join(thread, NULL);
    assert_int_equal(other.rc, VDO_E_CANCELLED);
    close_world(&w);
}

static void on_text(void *arg, const char *text, size_t len)
{
    (void)strbuf_add(arg, text, len);
}

static void text__streams_while_it_comes(void **state)
{
    struct world w;
    AUTO_STRBUF seen = {0};

    (void)state;
    strbuf_init(&seen, 1000);
    open_world(&w, "openai-chat", good_chat, 1);
    w.request.on_text = on_text;
    w.request.on_text_arg = &seen;
    assert_int_equal(call(&w), 0);
    assert_string_equal(seen.ptr, "Hello, wörld");
    close_world(&w);
}

static void ping__tells_what_is_wrong(void **state)
{
    static const struct {
        struct model_reply reply;
        bool reachable;
        bool key;
        bool model;
    } cases[] = {
        {{.type = "application/json", .body = "{\"data\":[{\"id\":\"claude-opus-5-5\"}]}"},
         true,
         true,
         true},
        {{.type = "application/json", .body = "{\"data\":[{\"id\":\"other\"}]}"},
         true,
         true,
         false},
        {{.status = 401, .type = "application/json", .body = "{}"}, true, false, false},
        {{.status = 404, .type = "application/json", .body = "{}"}, true, true, false},
        {{.type = "text/html", .body = "<html>"}, false, false, false},
        {{.drop = true, .body = ""}, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        struct model_ping ping;

        open_world(&w, "anthropic", &cases[i].reply, 1);
        assert_int_equal(model_ping(w.session, "p0", &ping, &w.err), 0);
        assert_int_equal(ping.reachable, cases[i].reachable);
        assert_int_equal(ping.key_accepted, cases[i].key);
        assert_int_equal(ping.model_known, cases[i].model);
        assert_true(*ping.detail);
        assert_null(strstr(ping.detail, "test-key"));
        assert_int_equal(model_ping(w.session, "nobody", &ping, &w.err), VDO_E_NOT_FOUND);
        close_world(&w);
    }
}

static void ping__tells_how_large_the_context_is(void **state)
{
    static const struct {
        const char *api;
        const char *body;
        const char *extra;
        int64_t context;
        const char *says;
    } cases[] = {
        {"anthropic", "{\"data\":[{\"id\":\"claude-opus-5-5\",\"max_input_tokens\":100000000}]}",
         "", 100000000, "ready"},
        {"anthropic", "{\"data\":[{\"id\":\"claude-opus-5-5\",\"max_input_tokens\":1000}]}", "",
         1000, "ready; its context has 1000 tokens: set providers.p0.context_tokens"},
        {"gemini",
         "{\"models\":[{\"name\":\"models/gemini-4-argon\",\"inputTokenLimit\":1048576}]}",
         ", context_tokens: 1048576", 1048576, "ready"},
        {"openai-chat", "{\"data\":[{\"id\":\"gpt-4.1\",\"max_model_len\":32768}]}",
         ", context_tokens: 40000", 32768,
         "ready; its context has 32768 tokens: set providers.p0.context_tokens"},
        {"openai-chat", "{\"data\":[{\"id\":\"gpt-4.1\",\"context_length\":\"many\"}]}", "", 0,
         "ready"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct model_reply reply = {.type = "application/json", .body = cases[i].body};
        struct world w = {0};
        struct model_ping ping;

        serve(&w, &reply, 1);
        open_world_with(&w, &cases[i].api, cases[i].extra);
        assert_int_equal(model_ping(w.session, "p0", &ping, &w.err), 0);
        assert_true(ping.model_known);
        assert_int_equal(ping.context_tokens, cases[i].context);
        assert_string_equal(ping.detail, cases[i].says);
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel__ends_a_call_that_hangs),
        cmocka_unit_test(call__of_one_job_does_not_wait_for_another_s),
        cmocka_unit_test(text__streams_while_it_comes),
        cmocka_unit_test(ping__tells_what_is_wrong),
        cmocka_unit_test(ping__tells_how_large_the_context_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
