/* Calls: protocols, failures, broken streams. */
#include "model_world.h"

static void call__is_answered_by_every_protocol_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct model_reply replies[] = {{.body = texts[i], .piece = 7}};
        struct world w;
        AUTO_FREE char *text = NULL;

        open_world(&w, apis[i], replies, 1);
        assert_int_equal(call(&w), 0);
        text = turn_text(&w.result.turn);
        assert_string_equal(text, "Hello, wörld");
        assert_int_equal(w.result.attempts, 1);
        assert_int_equal(w.result.stop, STOP_END);
        assert_string_equal(w.result.provider, "p0");
        assert_string_equal(w.result.model, models[i]);
        assert_true(w.result.cost_known && w.result.cost_microusd > 0);
        assert_null(w.result.passed_over);
        close_world(&w);
    }
}

static void tool_calls__go_back_and_forth_with_every_protocol(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct model_reply replies[] = {{.body = tools[i]}, {.body = texts[i]}};
        struct world w;
        json_t *schema = json_pack("{s:s, s:{s:{s:s}}}", "type", "object", "properties", "path",
                                   "type", "string");
        const struct tool_def defs[] = {{"read_file", "Reads", schema}, {"grep", "Finds", schema}};
        size_t n_calls = 0;

        open_world(&w, apis[i], replies, 2);
        w.chat.tools = defs;
        w.chat.n_tools = 2;
        assert_int_equal(call(&w), 0);
        assert_int_equal(w.result.stop, STOP_TOOL);
        chat_add_assistant(&w.chat, &w.result.turn);
        for (size_t b = 0; b < w.chat.turns[1].n_blocks; b++) {
            const struct block block = w.chat.turns[1].blocks[b];

            if (block.kind != BLOCK_TOOL_CALL)
                continue;
            chat_add_tool_result(&w.chat, block.call_id, block.tool, n_calls ? "" : "int main;",
                                 n_calls > 0);
            n_calls++;
        }
        assert_true(n_calls > 0);
        assert_int_equal(call(&w), 0);
        assert_int_equal(model_server_requests(w.server[0]), 2);
        assert_non_null(strstr(model_server_request(w.server[0], 1), "int main;"));
        close_world(&w);
        json_decref(schema);
    }
}

static void failure__that_is_temporary_is_tried_three_times(void **state)
{
    static const int statuses[] = {408, 409, 429, 500, 502, 503, 504, 529};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const struct model_reply replies[] = {
            {.status = statuses[i], .type = "application/json", .body = "{}"},
            {.status = statuses[i], .type = "application/json", .body = "{}"},
            {.body = sample_anthropic_text},
        };
        struct world w;

        open_world(&w, "anthropic", replies, 3);
        assert_int_equal(call(&w), 0);
        assert_int_equal(w.result.attempts, 3);
        assert_int_equal(model_server_requests(w.server[0]), 3);
        close_world(&w);
        open_world(&w, "anthropic", replies, 1); /* for ever */
        assert_int_equal(call(&w), VDO_E_TEMPORARY);
        assert_int_equal(model_server_requests(w.server[0]), 3);
        assert_true(model_retry_after_ms(w.session) > 0);
        close_world(&w);
    }
}

static void failure__that_is_final_is_not_tried_again(void **state)
{
    static const struct {
        int status;
        const char *body;
        int rc;
        const char *says;
    } cases[] = {
        {401, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}",
         VDO_E_REFUSED, "check providers.p0.key"},
        {404, "{\"error\":{\"type\":\"not_found_error\",\"message\":\"model: x\"}}", VDO_E_REFUSED,
         "check providers.p0.model"},
        {400, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages: bad\"}}",
         VDO_E_REFUSED, "messages: bad"},
        {429,
         "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"limit\",\"details\":"
         "{\"error_code\":\"enforced_spend_limit_reached\"}}}",
         VDO_E_REFUSED, "own spend limit"},
        {400,
         "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 2 > "
         "1\"}}",
         VDO_E_TOO_LARGE, "does not fit"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct model_reply replies[] = {
            {.status = cases[i].status, .type = "application/json", .body = cases[i].body}};
        struct world w;

        open_world(&w, "anthropic", replies, 1);
        assert_int_equal(call(&w), cases[i].rc);
        assert_int_equal(model_server_requests(w.server[0]), 1);
        assert_non_null(strstr(w.err.text, cases[i].says));
        close_world(&w);
    }
}

static void wait__of_more_than_a_minute_is_given_to_the_caller(void **state)
{
    REPLIES({.status = 429,
             .headers = "retry-after: 300\r\n",
             .type = "application/json",
             .body = "{}"});
    struct world w;

    (void)state;
    open_world(&w, "anthropic", replies, n_replies);
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    assert_int_equal(model_retry_after_ms(w.session), 300000);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    /* The next call does not even ask. */
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    assert_true(model_retry_after_ms(w.session) > 200000);
    close_world(&w);
}

static void stream__that_breaks_off_is_thrown_away_and_asked_for_once_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct model_reply replies[] = {{.body = texts[i], .cut_after = 250},
                                              {.body = texts[i]}};
        struct world w;
        AUTO_FREE char *text = NULL;
        int64_t whole;

        open_world(&w, apis[i], replies + 1, 1);
        assert_int_equal(call(&w), 0);
        whole = w.result.cost_microusd;
        close_world(&w);
        open_world(&w, apis[i], replies, 2);
        assert_int_equal(call(&w), 0);
        text = turn_text(&w.result.turn);
        assert_string_equal(text, "Hello, wörld");
        assert_int_equal(w.result.attempts, 2);
        assert_true(w.result.usage.estimated);
        assert_true(w.result.cost_microusd > whole); /* the part that was thrown away was billed */
        close_world(&w);
        open_world(&w, apis[i], replies, 1);
        assert_int_equal(call(&w), VDO_E_TEMPORARY);
        assert_int_equal(model_server_requests(w.server[0]), 2);
        assert_non_null(strstr(w.err.text, "broke off"));
        close_world(&w);
    }
}

static void connection__that_is_reset_is_tried_again(void **state)
{
    REPLIES({.drop = true, .body = ""}, {.body = sample_chat_text});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), 0);
    assert_int_equal(w.result.attempts, 2);
    close_world(&w);
}

static void error__inside_a_stream_is_tried_again_once(void **state)
{
    REPLIES({.body = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                     "\"message\":\"boom\"}}\n\n"});
    struct world w;

    (void)state;
    open_world(&w, "anthropic", replies, n_replies);
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    assert_int_equal(model_server_requests(w.server[0]), 2);
    assert_non_null(strstr(w.err.text, "boom"));
    close_world(&w);
}

static void redirect__is_not_followed_and_says_where_to(void **state)
{
    static const struct model_reply elsewhere[] = {{.body = sample_chat_text}};
    struct model_server *other = model_server_start(elsewhere, 1);
    AUTO_FREE char *location = xasprintf("Location: %s/v1/x\r\n", model_server_url(other));
    const struct model_reply replies[] = {
        {.status = 307, .headers = location, .type = "text/plain", .body = ""}};
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, 1);
    assert_int_equal(call(&w), VDO_E_REFUSED);
    assert_non_null(strstr(w.err.text, model_server_url(other)));
    assert_non_null(strstr(w.err.text, "providers.p0.base_url"));
    assert_int_equal(model_server_requests(other), 0); /* nor did the key go there */
    assert_int_equal(model_server_requests(w.server[0]), 1);
    close_world(&w);
    model_server_stop(other);
}

static void endless_stream__ends_at_its_cap(void **state)
{
    static char event[70000];
    const struct model_reply replies[] = {{.body = event, .endless = 2000}};
    struct world w;
    size_t head;

    (void)state;
    head = (size_t)sprintf(event, "data: {\"choices\":[{\"delta\":{\"content\":\"");
    memset(event + head, 'x', 65000);
    memcpy(event + head + 65000, "\"}}]}\n\n", 8);
    open_world(&w, "openai-chat", replies, 1);
    if (call(&w) != VDO_E_INVALID)
        fail_msg("%s", w.err.text);
    assert_int_equal(model_server_requests(w.server[0]), 1);
    assert_non_null(strstr(w.err.text, "more than"));
    close_world(&w);
}

static void answer__that_is_empty_is_tried_once_more(void **state)
{
    static const char *const empties[] = {
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}"
        "\n\n",
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct model_reply replies[] = {{.body = empties[i]}};
        struct world w;

        open_world(&w, apis[i], replies, 1);
        assert_int_equal(call(&w), VDO_E_INVALID);
        assert_int_equal(model_server_requests(w.server[0]), 2);
        assert_non_null(strstr(w.err.text, "the answer is empty"));
        close_world(&w);
    }
}

static void status_200__without_any_body_is_a_broken_answer(void **state)
{
    REPLIES({.body = ""});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), VDO_E_TEMPORARY);
    assert_int_equal(model_server_requests(w.server[0]), 2);
    close_world(&w);
}

static void page__instead_of_an_answer_is_named(void **state)
{
    REPLIES({.type = "text/html", .body = "<html>Please log in</html>"});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), VDO_E_INVALID);
    assert_non_null(strstr(w.err.text, "neither an event stream nor JSON"));
    close_world(&w);
}

static void parameter__that_is_refused_is_dropped_once_and_remembered(void **state)
{
    REPLIES({.status = 400,
             .type = "application/json",
             .body = "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not "
                     "supported with this model. Use 'max_completion_tokens' instead.\",\"param\":"
                     "\"max_tokens\"}}"},
            {.status = 422,
             .type = "application/json",
             .body = "{\"detail\":[{\"loc\":[\"body\",\"stream_options\"],\"msg\":\"extra fields "
                     "not permitted\"}]}"},
            {.body = sample_chat_text});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), 0);
    assert_int_equal(w.result.attempts, 3);
    assert_non_null(strstr(model_server_request(w.server[0], 2), "\"max_completion_tokens\""));
    assert_null(strstr(model_server_request(w.server[0], 2), "stream_options"));
    assert_int_equal(call(&w), 0); /* from now on at once */
    assert_int_equal(w.result.attempts, 1);
    assert_null(strstr(model_server_request(w.server[0], 3), "\"max_tokens\""));
    close_world(&w);
}

static void parameter__that_stays_refused_ends_the_call(void **state)
{
    REPLIES({.status = 400,
             .type = "application/json",
             .body = "{\"error\":{\"message\":\"stream_options is not supported\"}}"});
    struct world w;

    (void)state;
    open_world(&w, "openai-chat", replies, n_replies);
    assert_int_equal(call(&w), VDO_E_REFUSED);
    assert_int_equal(model_server_requests(w.server[0]), 2);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__is_answered_by_every_protocol_byte_by_byte),
        cmocka_unit_test(tool_calls__go_back_and_forth_with_every_protocol),
        cmocka_unit_test(failure__that_is_temporary_is_tried_three_times),
        cmocka_unit_test(failure__that_is_final_is_not_tried_again),
        cmocka_unit_test(wait__of_more_than_a_minute_is_given_to_the_caller),
        cmocka_unit_test(stream__that_breaks_off_is_thrown_away_and_asked_for_once_more),
        cmocka_unit_test(connection__that_is_reset_is_tried_again),
        cmocka_unit_test(error__inside_a_stream_is_tried_again_once),
        cmocka_unit_test(redirect__is_not_followed_and_says_where_to),
        cmocka_unit_test(endless_stream__ends_at_its_cap),
        cmocka_unit_test(answer__that_is_empty_is_tried_once_more),
        cmocka_unit_test(status_200__without_any_body_is_a_broken_answer),
        cmocka_unit_test(page__instead_of_an_answer_is_named),
        cmocka_unit_test(parameter__that_is_refused_is_dropped_once_and_remembered),
        cmocka_unit_test(parameter__that_stays_refused_ends_the_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
