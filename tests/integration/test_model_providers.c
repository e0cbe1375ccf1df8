/* Which provider is asked, and which is asked next. */
#include "model_world.h"

static const struct model_reply dead[] = {
    {.status = 500, .type = "application/json", .body = "{}"}};
static const struct model_reply wrong_key[] = {
    {.status = 401, .type = "application/json", .body = "{}"}};
static const struct model_reply refusing[] = {
    {.body = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
             "\"stop_details\":{\"type\":\"refusal\",\"category\":\"cyber\"}},\"usage\":"
             "{\"input_tokens\":9,\"output_tokens\":1}}\n\n"}};

static void next_provider__is_asked_and_the_result_says_why(void **state)
{
    static const struct {
        const struct model_reply *first;
        const char *says;
    } cases[] = {
        {dead, "p0: HTTP 500"},
        {wrong_key, "p0: HTTP 401"},
        {refusing, "refused to answer (refusal): cyber"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const char *const api[] = {"anthropic", "openai-chat"};
        struct world w = {0};

        serve(&w, cases[i].first, 1);
        serve(&w, good_chat, 1);
        open_world_with(&w, api, "");
        assert_int_equal(call(&w), 0);
        assert_string_equal(w.result.provider, "p1");
        assert_non_null(strstr(w.result.passed_over, cases[i].says));
        close_world(&w);
    }
}

static void refusal__of_the_last_provider_is_a_refusal(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, "anthropic", refusing, 1);
    assert_int_equal(call(&w), VDO_E_REFUSED);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    assert_non_null(strstr(w.err.text, "cyber"));
    close_world(&w);
}

static void pinned_provider__is_the_only_one_asked(void **state)
{
    static const char *const api[] = {"anthropic", "openai-chat"};
    struct world w = {0};

    (void)state;
    serve(&w, dead, 1);
    serve(&w, good_chat, 1);
    open_world_with(&w, api, "");
    w.request.provider = "p1";
    assert_int_equal(call(&w), 0);
    assert_int_equal(model_server_requests(w.server[0]), 0);
    w.request.provider = "p0";
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    w.request.provider = "nobody";
    assert_int_equal(call(&w), VDO_E_INVALID);
    assert_non_null(strstr(w.err.text, "nobody: not configured"));
    close_world(&w);
}

static void breaker__spares_a_dead_provider(void **state)
{
    static const char *const api[] = {"anthropic", "openai-chat"};
    struct world w = {0};
    json_auto_t *report = NULL;
    size_t asked;

    (void)state;
    serve(&w, dead, 1);
    serve(&w, good_chat, 1);
    open_world_with(&w, api, "");
    for (int i = 0; i < 3; i++)
        assert_int_equal(call(&w), 0);
    asked = model_server_requests(w.server[0]);
    assert_true(asked <= 6);
    assert_int_equal(call(&w), 0);
    assert_int_equal(model_server_requests(w.server[0]), asked);
    report = model_report(w.model);
    assert_string_equal(js_str(report, "0.breaker", ""), "open");
    assert_string_equal(js_str(report, "1.breaker", ""), "closed");
    assert_non_null(strstr(js_str(report, "0.last_error", ""), "HTTP 500"));
    assert_true(js_int(report, "1.latency_ms.p50", -1) >= 0);
    hurried_ms += 30000;
    assert_int_equal(call(&w), 0);
    assert_int_equal(model_server_requests(w.server[0]), asked + 1); /* one probe */
    close_world(&w);
}

static void switch__to_another_provider_keeps_the_conversation_usable(void **state)
{
    static const char *const api[] = {"anthropic", "openai-chat", "openai-responses", "gemini"};
    static const struct model_reply each[4][2] = {{{.body = sample_anthropic_tool}},
                                                  {{.body = sample_chat_tools}},
                                                  {{.body = sample_responses_tool}},
                                                  {{.body = sample_gemini_tools}}};

    (void)state;
    for (size_t from = 0; from < 4; from++) {
        struct world w = {0};

        for (size_t i = 0; i < 4; i++)
            serve(&w, each[i], 1);
        open_world_with(&w, api, "");
        for (size_t step = 0; step < 4; step++) {
            AUTO_FREE char *name = xasprintf("p%zu", (from + step) % 4);
            size_t n_blocks;

            w.request.provider = name;
            assert_int_equal(call(&w), 0);
            chat_add_assistant(&w.chat, &w.result.turn);
            n_blocks = w.chat.turns[step * 2 + 1].n_blocks;
            for (size_t b = 0; b < n_blocks; b++) {
                struct block block = w.chat.turns[step * 2 + 1].blocks[b];

                if (block.kind == BLOCK_TOOL_CALL)
                    chat_add_tool_result(&w.chat, block.call_id, block.tool, "out", false);
            }
        }
        close_world(&w); /* the servers saw no violation */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_provider__is_asked_and_the_result_says_why),
        cmocka_unit_test(refusal__of_the_last_provider_is_a_refusal),
        cmocka_unit_test(pinned_provider__is_the_only_one_asked),
        cmocka_unit_test(breaker__spares_a_dead_provider),
        cmocka_unit_test(switch__to_another_provider_keeps_the_conversation_usable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
