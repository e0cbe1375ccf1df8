/* What becomes of an answer: structure, caps, pauses, rates. */
#include "model_world.h"

static const char verdict_schema[] =
    "{\"type\":\"object\",\"required\":[\"verdict\"],\"properties\":{\"verdict\":{\"type\":"
    "\"string\",\"enum\":[\"approve\",\"changes\"]},\"line\":{\"type\":\"integer\"}}}";

#define CHAT_SAYS(text)                                                                       \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"},\"finish_reason\":\"stop\"}]," \
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n"

static void structured_answer__is_checked_and_repaired_once(void **state)
{
    static const struct {
        struct model_reply replies[2];
        int rc;
        int attempts;
    } cases[] = {
        {{{.body = CHAT_SAYS("{\\\"verdict\\\":\\\"approve\\\",\\\"line\\\":null}")}}, 0, 1},
        {{{.body = CHAT_SAYS("```json\\n{\\\"verdict\\\":\\\"approve\\\"}\\n```")}}, 0, 1},
        {{{.body = CHAT_SAYS("Looks fine to me!")},
          {.body = CHAT_SAYS("{\\\"verdict\\\":\\\"approve\\\"}")}},
         0,
         2},
        {{{.body = CHAT_SAYS("{\\\"verdict\\\":\\\"maybe\\\"}")},
          {.body = CHAT_SAYS("{\\\"verdict\\\":\\\"approve\\\"}")}},
         0,
         2},
        {{{.body = CHAT_SAYS("no")}, {.body = CHAT_SAYS("still no")}}, VDO_E_INVALID, 2},
    };
    json_auto_t *schema = json_loads(verdict_schema, 0, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;

        open_world(&w, "openai-chat", cases[i].replies, 2);
        w.request.schema = schema;
        w.request.schema_name = "reviewer";
        assert_int_equal(call(&w), cases[i].rc);
        assert_int_equal(model_server_requests(w.server[0]), cases[i].attempts);
        if (cases[i].rc == 0) {
            assert_string_equal(js_str(w.result.structured, "verdict", ""), "approve");
            assert_int_equal(w.result.usage.output, 5 * cases[i].attempts);
            assert_int_equal(w.result.attempts, cases[i].attempts);
        } else {
            assert_non_null(strstr(w.err.text, "twice"));
        }
        if (cases[i].attempts == 2)
            assert_non_null(strstr(model_server_request(w.server[0], 1), "cannot be used"));
        assert_int_equal(w.chat.n_turns, 1); /* the caller's conversation is as it was */
        close_world(&w);
    }
}

static void answer__cut_off_at_its_cap_is_told(void **state)
{
    REPLIES({.body = "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"verd\"},"
                     "\"finish_reason\":\"length\"}]}\n\n"});
    json_auto_t *schema = json_loads(verdict_schema, 0, NULL);
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), 0);
    assert_int_equal(w.result.stop, STOP_LENGTH);
    w.request.schema = schema;
    assert_int_equal(call(&w), VDO_E_INVALID);
    assert_non_null(strstr(w.err.text, "raise providers.p0.max_output_tokens"));
    close_world(&w);
}

static void limit__without_a_store_is_the_job_s(void **state)
{
    struct world w;
    int64_t first;

    (void)state;
    open_world(&w, "openai-chat", good_chat, 1);
    w.context.limits.job_microusd = 5; /* less than a call can cost */
    assert_int_equal(call(&w), VDO_E_LIMIT);
    assert_int_equal(model_server_requests(w.server[0]), 0);
    assert_non_null(strstr(w.err.text, "limits.job_usd"));
    w.context.limits.job_microusd = 20000;
    assert_int_equal(call(&w), 0);
    first = w.result.cost_microusd;
    assert_true(first > 0);
    w.context.limits.job_microusd = 8500; /* what is spent counts too */
    while (call(&w) == 0) {
    }
    assert_int_equal(w.err.code, VDO_E_LIMIT);
    close_world(&w);
}

static void paused_answer__goes_on_with_its_token(void **state)
{
    static const char first[] =
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"One, \"}]},"
        "\"finishReason\":\"CONTINUATION\",\"continuationToken\":\"tok-1\"}],\"usageMetadata\":{"
        "\"promptTokenCount\":100,\"candidatesTokenCount\":10}}\n\n";
    static const char second[] =
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"two.\"}]},"
        "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":110,"
        "\"candidatesTokenCount\":20}}\n\n";
    REPLIES({.body = first}, {.body = second});
    static const struct model_reply endless[] = {{.body = first}};
    struct world w;
    AUTO_FREE char *text = NULL;

    (void)state;
    open_world(&w, "gemini", replies, n_replies);
    assert_int_equal(call(&w), 0);
    text = turn_text(&w.result.turn);
    assert_string_equal(text, "One, two.");
    assert_int_equal(w.result.stop, STOP_END);
    assert_int_equal(w.result.attempts, 2);
    assert_int_equal(w.result.usage.input, 210);
    assert_int_equal(w.result.usage.output, 30);
    assert_int_equal(json_array_size(json_object_get(w.result.turn.raw, "parts")), 2);
    assert_null(strstr(model_server_request(w.server[0], 0), "continuationToken"));
    assert_non_null(
        strstr(model_server_request(w.server[0], 1), "\"continuationToken\":\"tok-1\""));
    close_world(&w);

    open_world(&w, "gemini", endless, 1);
    assert_int_equal(call(&w), VDO_E_INVALID);
    assert_non_null(strstr(w.err.text, "paused 8 times"));
    assert_int_equal(model_server_requests(w.server[0]), 9);
    close_world(&w);
}

static void rate_limit__that_is_used_up_makes_the_next_call_wait_or_hand_over(void **state)
{
    static const char *const api[] = {"openai-chat", "openai-chat"};
    static const struct model_reply soon[] = {{.body = sample_chat_text,
                                               .headers = "x-ratelimit-limit-requests: 10\r\n"
                                                          "x-ratelimit-remaining-requests: 0\r\n"
                                                          "x-ratelimit-reset-requests: 100s\r\n"}};
    static const struct model_reply late[] = {{.body = sample_chat_text,
                                               .headers =
                                                   "x-ratelimit-limit-requests: 10\r\n"
                                                   "x-ratelimit-remaining-requests: 0\r\n"
                                                   "x-ratelimit-reset-requests: 6h0m0s\r\n"}};
    struct world w = {0};
    int64_t began;

    (void)state;
    open_world(&w, "openai-chat", soon, 1);
    assert_int_equal(call(&w), 0);
    began = hurried_ms;
    assert_int_equal(call(&w), 0);
    assert_true(hurried_ms - began >= 9000);
    assert_int_equal(model_server_requests(w.server[0]), 2);
    close_world(&w);

    memset(&w, 0, sizeof(w));
    serve(&w, late, 1);
    serve(&w, soon, 1);
    open_world_with(&w, api, "");
    assert_int_equal(call(&w), 0);
    assert_string_equal(w.result.provider, "p0");
    assert_int_equal(call(&w), 0);
    assert_string_equal(w.result.provider, "p1");
    assert_non_null(strstr(w.result.passed_over, "p0: its rate limit is used up"));
    assert_int_equal(model_server_requests(w.server[0]), 1);
    close_world(&w);

    memset(&w, 0, sizeof(w));
    open_world(&w, "openai-chat", late, 1);
    assert_int_equal(call(&w), 0);
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    assert_true(model_retry_after_ms(w.session) > 1000000);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structured_answer__is_checked_and_repaired_once),
        cmocka_unit_test(answer__cut_off_at_its_cap_is_told),
        cmocka_unit_test(limit__without_a_store_is_the_job_s),
        cmocka_unit_test(paused_answer__goes_on_with_its_token),
        cmocka_unit_test(rate_limit__that_is_used_up_makes_the_next_call_wait_or_hand_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
