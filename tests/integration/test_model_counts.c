/* What a call may cost, before it is made. */
#include "model_world.h"

/* Sixty thousand bytes are at most as many tokens, but the provider knows better. */
static const struct {
    const char *api;
    const char *path;
    const char *count;
    const char *too_many;
    const char *answer;
} counters[] = {
    {"anthropic", "POST /v1/messages/count_tokens ", "{\"input_tokens\":10000}",
     "{\"input_tokens\":59000}", sample_anthropic_text},
    {"openai-responses", "POST /v1/responses/input_tokens ",
     "{\"object\":\"response.input_tokens\",\"input_tokens\":10000}", "{\"input_tokens\":59000}",
     sample_responses_text},
    {"gemini", "POST /v1beta/models/gemini-4-argon:countTokens ", "{\"totalTokens\":10000}",
     "{\"totalTokens\":59000}", sample_gemini_text},
};

static void say_much(struct world *w)
{
    static char much[60001];

    memset(much, 'x', sizeof(much) - 1);
    chat_add_user(&w->chat, much);
    w->context.limits.job_microusd = 100000;
}

static void count__of_the_provider_lets_a_call_through_that_its_bytes_would_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        const struct model_reply replies[] = {
            {.body = counters[i].count, .type = "application/json"}, {.body = counters[i].answer}};
        struct world w;
        const char *asked;

        open_world(&w, counters[i].api, replies, 2);
        say_much(&w);
        assert_int_equal(call(&w), 0);
        asked = model_server_request(w.server[0], 0);
        assert_memory_equal(asked, counters[i].path, strlen(counters[i].path));
        assert_null(strstr(asked, "\"stream\""));
        assert_null(strstr(asked, "\"max_tokens\""));
        assert_int_equal(model_server_requests(w.server[0]), 2);
        close_world(&w);
    }
}

static void count__that_is_too_large_or_missing_lets_nothing_through(void **state)
{
    static const char no[] = "{\"error\":{\"message\":\"no such path\"}}";
    static const struct {
        int status;
        bool asked_again;
    } rows[] = {{200, true}, {404, false}, {500, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            const struct model_reply replies[] = {
                {.status = rows[row].status,
                 .body = rows[row].status == 200 ? counters[i].too_many : no,
                 .type = "application/json"}};
            struct world w;

            open_world(&w, counters[i].api, replies, 1);
            say_much(&w);
            assert_int_equal(call(&w), VDO_E_LIMIT);
            assert_non_null(strstr(w.err.text, "limits.job_usd"));
            assert_int_equal(call(&w), VDO_E_LIMIT);
            assert_int_equal(model_server_requests(w.server[0]), rows[row].asked_again ? 2 : 1);
            close_world(&w);
        }
    }
}

static void count__of_the_provider_decides_where_the_estimate_passes_the_context(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        const struct model_reply fits[] = {{.body = counters[i].count, .type = "application/json"},
                                           {.body = counters[i].answer}};
        const struct model_reply fits_not[] = {
            {.body = counters[i].too_many, .type = "application/json"}};
        struct world w = {0};

        /* About 20,000 tokens by the estimate. */
        serve(&w, fits, 2);
        open_world_with(&w, &counters[i].api, ", context_tokens: 15000");
        say_much(&w);
        w.context.limits.job_microusd = 0;
        assert_int_equal(call(&w), 0);
        assert_int_equal(model_server_requests(w.server[0]), 2);
        close_world(&w);

        memset(&w, 0, sizeof(w));
        serve(&w, fits_not, 1);
        open_world_with(&w, &counters[i].api, ", context_tokens: 15000");
        say_much(&w);
        assert_int_equal(call(&w), VDO_E_TOO_LARGE);
        assert_int_equal(model_server_requests(w.server[0]), 1);
        close_world(&w);

        memset(&w, 0, sizeof(w)); /* not worth a question */
        serve(&w, fits, 2);
        open_world_with(&w, &counters[i].api, ", context_tokens: 6000");
        say_much(&w);
        assert_int_equal(call(&w), VDO_E_TOO_LARGE);
        assert_int_equal(model_server_requests(w.server[0]), 0);
        close_world(&w);
    }
}

static void cost__above_the_list_makes_the_next_reservation_larger(void **state)
{
    /* The list says about 0.0021 dollars; the provider takes a hundred times that. */
    REPLIES({.body = "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],"
                     "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":10,\"cost\":0.2}}",
             .type = "application/json"});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    w.context.limits.job_microusd = 300000;
    assert_int_equal(call(&w), 0);
    assert_int_equal(w.result.cost_microusd, 200000);
    assert_int_equal(call(&w), VDO_E_LIMIT);
    close_world(&w);
}

static void model__without_a_price_is_refused_while_there_are_limits(void **state)
{
    static const char yaml[] =
        "forge: local\nproviders:\n  far: {api: openai-chat, base_url: \"https://llm.example/v1\", "
        "key: abcdefgh1, model: own-model}\nroles: {refiner: [far], planner: [far], builder: "
        "[far], tester: [far], reviewer: [far]}\n";
    struct world w = {0};

    (void)state;
    assert_int_equal(
        config_parse("t.yml", yaml, strlen(yaml), CONFIG_FOR_RUN, &w.config, NULL, &w.err), 0);
    assert_int_equal(model_open(w.config, NULL, &hurried_clock, &w.model, &w.err), 0);
    w.session = model_session_new(w.model, &w.cancel);
    chat_init(&w.chat, "VDO role: builder");
    chat_add_user(&w.chat, "Hello");
    w.request = (struct model_request){.role = ROLE_BUILDER, .chat = &w.chat};
    w.context.limits.day_microusd = 1000000;
    assert_int_equal(call(&w), VDO_E_REFUSED);
    assert_non_null(strstr(w.err.text, "set providers.far.price in vdo.yml"));
    close_world(&w);
}

static void prompt__larger_than_the_context_is_not_sent(void **state)
{
    static const char *const api[] = {"openai-chat"};
    struct world w = {0};
    AUTO_FREE char *long_text = xmalloc(40001);

    (void)state;
    memset(long_text, 'a', 40000);
    long_text[40000] = '\0';
    serve(&w, good_chat, 1);
    open_world_with(&w, api, ", context_tokens: 4096");
    assert_int_equal(call(&w), 0);
    chat_add_user(&w.chat, long_text);
    assert_int_equal(call(&w), VDO_E_TOO_LARGE);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    assert_non_null(strstr(w.err.text, "4096"));
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count__of_the_provider_lets_a_call_through_that_its_bytes_would_not),
        cmocka_unit_test(count__that_is_too_large_or_missing_lets_nothing_through),
        cmocka_unit_test(count__of_the_provider_decides_where_the_estimate_passes_the_context),
        cmocka_unit_test(cost__above_the_list_makes_the_next_reservation_larger),
        cmocka_unit_test(model__without_a_price_is_refused_while_there_are_limits),
        cmocka_unit_test(prompt__larger_than_the_context_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
