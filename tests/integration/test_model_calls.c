/* Calls over real HTTP to a strict stand-in, without a store. */
#include "vdo/model/model.h"

#include "vdo/base/mem.h"
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

#include <cmocka.h>

/* A clock that runs ahead whenever somebody looks at it, so that waits cost no time. */
static _Atomic int64_t hurried_ms;

static int64_t hurried(const struct clock *clock)
{
    (void)clock;
    return hurried_ms += 500;
}

static const struct clock hurried_clock = {hurried, hurried};

enum { MAX_SERVERS = 4 };

struct world {
    struct model_server *server[MAX_SERVERS];
    size_t n_servers;
    struct config *config;
    struct model *model;
    struct model_session *session;
    atomic_bool cancel;
    struct chat chat;
    struct model_context context;
    struct model_request request;
    struct model_result result;
    struct err err;
};

static const char *const apis[] = {"anthropic", "openai-chat", "openai-responses", "gemini"};
static const char *const models[] = {"claude-opus-5-5", "gpt-4.1", "gpt-6.1-sol", "gemini-4-argon"};

/* One server and one provider p<i> for each, all in the builder's list. */
static void open_world_with(struct world *w, const char *const *api, const char *extra)
{
    AUTO_STRBUF yaml = {0};
    struct err err = {0};

    strbuf_init(&yaml, 1UL << 16);
    (void)strbuf_adds(&yaml, "forge: local\nproviders:\n");
    for (size_t i = 0; i < w->n_servers; i++) {
        size_t kind = 0;

        while (strcmp(apis[kind], api[i]) != 0)
            kind++;
        (void)strbuf_addf(&yaml,
                          "  p%zu: {api: %s, base_url: \"%s%s\", key: test-key-%zu-abcdef, "
                          "model: %s, max_output_tokens: 1000%s}\n",
                          i, api[i], model_server_url(w->server[i]),
                          strncmp(api[i], "openai", 6) == 0 ? "/v1" : "", i, models[kind], extra);
    }
    (void)strbuf_adds(&yaml, "roles:\n");
    for (int role = 0; role < CONFIG_ROLES; role++) {
        (void)strbuf_addf(&yaml, "  %s: [", role_name((enum role)role));
        for (size_t i = 0; i < w->n_servers; i++)
            (void)strbuf_addf(&yaml, "%sp%zu", i ? ", " : "", i);
        (void)strbuf_adds(&yaml, "]\n");
    }
    if (config_parse("test.yml", yaml.ptr, yaml.len, CONFIG_FOR_RUN, &w->config, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(model_open(w->config, NULL, &hurried_clock, &w->model, &err), 0);
    w->session = model_session_new(w->model, &w->cancel);
    chat_init(&w->chat, "VDO role: builder\nBuild.");
    chat_add_user(&w->chat, "Hello");
    w->request = (struct model_request){.role = ROLE_BUILDER, .chat = &w->chat};
}

static void serve(struct world *w, const struct model_reply *replies, size_t n)
{
    w->server[w->n_servers++] = model_server_start(replies, n);
}

static void open_world(struct world *w, const char *api, const struct model_reply *replies,
                       size_t n)
{
    memset(w, 0, sizeof(*w));
    serve(w, replies, n);
    open_world_with(w, &api, "");
}

static void close_world(struct world *w)
{
    model_result_release(&w->result);
    chat_release(&w->chat);
    model_session_free(w->session);
    model_close(w->model);
    config_free(w->config);
    for (size_t i = 0; i < w->n_servers; i++) {
        assert_string_equal(model_server_violations(w->server[i]), "");
        model_server_stop(w->server[i]);
    }
}

static int call(struct world *w)
{
    model_result_release(&w->result);
    err_clear(&w->err);
    return model_call(w->session, &w->context, &w->request, &w->result, &w->err);
}

#define REPLIES(...)                                           \
    static const struct model_reply replies[] = {__VA_ARGS__}; \
    enum { n_replies = sizeof(replies) / sizeof(replies[0]) }

static const char *const texts[] = {sample_anthropic_text, sample_chat_text, sample_responses_text,
                                    sample_gemini_text};
static const char *const tools[] = {sample_anthropic_tool, sample_chat_tools, sample_responses_tool,
                                    sample_gemini_tools};

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

static const struct model_reply dead[] = {
    {.status = 500, .type = "application/json", .body = "{}"}};
static const struct model_reply wrong_key[] = {
    {.status = 401, .type = "application/json", .body = "{}"}};
static const struct model_reply refusing[] = {
    {.body = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
             "\"stop_details\":{\"type\":\"refusal\",\"category\":\"cyber\"}},\"usage\":"
             "{\"input_tokens\":9,\"output_tokens\":1}}\n\n"}};
static const struct model_reply good_chat[] = {{.body = sample_chat_text}};

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
        cmocka_unit_test(next_provider__is_asked_and_the_result_says_why),
        cmocka_unit_test(refusal__of_the_last_provider_is_a_refusal),
        cmocka_unit_test(pinned_provider__is_the_only_one_asked),
        cmocka_unit_test(breaker__spares_a_dead_provider),
        cmocka_unit_test(switch__to_another_provider_keeps_the_conversation_usable),
        cmocka_unit_test(structured_answer__is_checked_and_repaired_once),
        cmocka_unit_test(answer__cut_off_at_its_cap_is_told),
        cmocka_unit_test(limit__without_a_store_is_the_job_s),
        cmocka_unit_test(paused_answer__goes_on_with_its_token),
        cmocka_unit_test(rate_limit__that_is_used_up_makes_the_next_call_wait_or_hand_over),
        cmocka_unit_test(count__of_the_provider_lets_a_call_through_that_its_bytes_would_not),
        cmocka_unit_test(count__that_is_too_large_or_missing_lets_nothing_through),
        cmocka_unit_test(count__of_the_provider_decides_where_the_estimate_passes_the_context),
        cmocka_unit_test(cost__above_the_list_makes_the_next_reservation_larger),
        cmocka_unit_test(model__without_a_price_is_refused_while_there_are_limits),
        cmocka_unit_test(prompt__larger_than_the_context_is_not_sent),
        cmocka_unit_test(cancel__ends_a_call_that_hangs),
        cmocka_unit_test(call__of_one_job_does_not_wait_for_another_s),
        cmocka_unit_test(text__streams_while_it_comes),
        cmocka_unit_test(ping__tells_what_is_wrong),
        cmocka_unit_test(ping__tells_how_large_the_context_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
