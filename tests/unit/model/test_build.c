#include "../../../src/model/dialect.h"
#include "../../../src/model/failure.h"
#include "../../../src/model/turns.h"
#include "../../../src/model/wire.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "model_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct provider_ops *const all[] = {&anthropic_ops, &openai_chat_ops,
                                                 &openai_responses_ops, &gemini_ops};
static const char *const urls[] = {"https://api.anthropic.com", "https://llm.example/v1",
                                   "https://api.openai.com/v1",
                                   "https://generativelanguage.googleapis.com"};

/* A provider of each protocol, and a call to write. */
struct fixture {
    struct config_provider provider;
    struct chat chat;
    struct wire_call call;
    json_t *schema;
};

static void begin(struct fixture *f, size_t api)
{
    *f = (struct fixture){0};
    f->provider.name = (char *)(uintptr_t) "p";
    f->provider.model = (char *)(uintptr_t) "m";
    f->provider.base_url = (char *)(uintptr_t)urls[api];
    chat_init(&f->chat, "VDO role: builder\nDo it.");
    f->call =
        (struct wire_call){.provider = &f->provider, .chat = &f->chat, .max_output_tokens = 1000};
}

static void end(struct fixture *f)
{
    chat_release(&f->chat);
    json_decref(f->schema);
}

static void add_call_turn(struct chat *chat, const char *raw_args)
{
    struct turn turn = {.role = TURN_ASSISTANT};

    (void)turn_add_block(&turn, BLOCK_REASONING, "hm", 2);
    (void)turn_add_block(&turn, BLOCK_TEXT, "Let me look.", 12);
    (void)turn_add_call(&turn, "call 1/weird", "read_file", raw_args, strlen(raw_args));
    (void)turn_add_call(&turn, "c2", "list_files", "", 0);
    chat_add_assistant(chat, &turn);
}

/* The body, held to the contract. */
static json_t *built(const struct fixture *f, size_t api)
{
    AUTO_FREE char *url = all[api]->call_url(&f->provider);
    json_t *body = all[api]->build(&f->call);
    AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);
    AUTO_FREE char *wrong = NULL;

    assert_non_null(text);
    wrong = model_contract_check_body(url, text);
    assert_string_equal(wrong, "");
    return body;
}

static void conversation__is_written_as_each_provider_wants_it(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        json_t *tool = json_pack("{s:s, s:{s:{s:s}}}", "type", "object", "properties", "path",
                                 "type", "string");
        const struct tool_def tools[] = {{"read_file", "Reads a file", tool},
                                         {"list_files", "Lists files", tool}};

        begin(&f, api);
        f.chat.tools = tools;
        f.chat.n_tools = 2;
        chat_add_user(&f.chat, "Please build it.");
        add_call_turn(&f.chat, "{\"path\":\"a.c\"}");
        /* Results in another order than the calls, and words behind them. */
        chat_add_tool_result(&f.chat, "c2", "list_files", "", false);
        chat_add_tool_result(&f.chat, "call 1/weird", "read_file", "no such file", true);
        chat_add_user(&f.chat, "Go on.");
        json_decref(built(&f, api));
        end(&f);
        json_decref(tool);
    }
}

static void call__without_a_result_is_answered_as_aborted(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        for (int user_goes_on = 0; user_goes_on < 2; user_goes_on++) {
            struct fixture f;
            AUTO_FREE char *text = NULL;
            json_t *body;

            begin(&f, api);
            chat_add_user(&f.chat, "Start.");
            add_call_turn(&f.chat, "{}");
            if (user_goes_on) {
                chat_add_tool_result(&f.chat, "c2", "list_files", "a.c", false);
                chat_add_user(&f.chat, "Forget the rest.");
            }
            body = built(&f, api);
            text = json_dumps(body, 0);
            assert_non_null(strstr(text, "(aborted: this call was not run)"));
            json_decref(body);
            end(&f);
        }
    }
}

static void arguments__that_are_no_json_do_not_break_the_next_request(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        AUTO_FREE char *text = NULL;
        json_t *body;

        begin(&f, api);
        chat_add_user(&f.chat, "Start.");
        add_call_turn(&f.chat, "{\"path\": oops");
        chat_add_tool_result(&f.chat, "call 1/weird", "read_file", "not JSON", true);
        body = built(&f, api);
        text = json_dumps(body, 0);
        assert_non_null(strstr(text, "unparsed"));
        json_decref(body);
        end(&f);
    }
}

static void odd_conversations__still_make_requests_that_are_taken(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        for (int odd = 0; odd < 5; odd++) {
            struct fixture f;
            struct turn turn = {.role = TURN_ASSISTANT};

            begin(&f, api);
            if (odd > 0)
                chat_add_user(&f.chat, odd == 1 ? "" : "Start.");
            if (odd == 2) /* nothing was said */
                chat_add_assistant(&f.chat, &turn);
            if (odd == 3) {
                (void)turn_add_block(&turn, BLOCK_TEXT, "Half an", 7);
                chat_add_assistant(&f.chat, &turn);
            }
            if (odd == 4) /* a result that answers no call */
                chat_add_tool_result(&f.chat, "gone", "read_file", "text", false);
            json_decref(built(&f, api));
            end(&f);
            turn_release(&turn);
        }
    }
}

static void tool_output__that_is_not_utf8_can_be_sent(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        AUTO_FREE char *text = NULL;
        json_t *body;

        begin(&f, api);
        chat_add_user(&f.chat, "bytes: \xFF\xC3(");
        body = built(&f, api);
        text = json_dumps(body, 0);
        assert_non_null(strstr(text, "bytes: \xEF\xBF\xBD"));
        json_decref(body);
        end(&f);
    }
}

static void structured_answer__is_asked_for_in_the_strict_dialect(void **state)
{
    static const char schema[] =
        "{\"type\":\"object\",\"required\":[\"verdict\"],\"properties\":{\"verdict\":{\"enum\":"
        "[\"approve\",\"changes\"]},\"line\":{\"type\":\"integer\",\"minimum\":1},\"findings\":"
        "{\"type\":\"array\",\"maxItems\":9,\"items\":{\"type\":\"object\",\"properties\":{\"text\":"
        "{\"type\":\"string\",\"maxLength\":80}}}}}}";

    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        json_t *body;
        json_t *own = NULL;
        AUTO_FREE char *text = NULL;

        begin(&f, api);
        assert_int_equal(js_parse(schema, strlen(schema), &own, NULL), 0);
        f.schema = dialect_strict(own);
        f.call.schema = f.schema;
        f.call.schema_name = "review result"; /* no name that a provider takes */
        chat_add_user(&f.chat, "Review.");
        body = built(&f, api);
        text = json_dumps(body, 0);
        assert_null(strstr(text, "fit this JSON Schema"));
        assert_non_null(strstr(text, "maxLength: 80")); /* as words */
        json_decref(body);
        json_decref(own);
        end(&f);
    }
}

static void structured_answer__goes_into_the_prompt_where_a_server_knows_no_schema(void **state)
{
    static const char *const parameter[] = {"output_config", "response_format", "text",
                                            "responseJsonSchema"};

    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        struct failure failure = {.kind = FAIL_REQUEST, .status = 400};
        json_t *body;
        json_t *again;
        AUTO_FREE char *text = NULL;
        int index;

        begin(&f, api);
        f.schema = json_pack("{s:s, s:{}, s:[], s:b}", "type", "object", "properties", "required",
                             "additionalProperties", 0);
        f.call.schema = f.schema;
        chat_add_user(&f.chat, "Review.");
        body = built(&f, api);
        (void)strcpy(failure.parameter, parameter[api]);
        index = failure_find_parameter(all[api], &failure, 0, body);
        assert_true(index >= 0);
        f.call.adjusted = 1U << index;
        again = built(&f, api);
        assert_int_equal(failure_find_parameter(all[api], &failure, f.call.adjusted, again), -1);
        text = json_dumps(again, 0);
        assert_non_null(strstr(text, "fit this JSON Schema"));
        json_decref(body);
        json_decref(again);
        end(&f);
    }
}

static void parameter__that_is_named_as_refused_is_found(void **state)
{
    static const struct {
        const char *const text;
        const char *const finds; /* NULL: nothing to adjust */
    } cases[] = {
        {"Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'",
         "max_tokens"},
        {"Unknown parameter: stream_options.include_usage", "stream_options"},
        {"Function tools with reasoning_effort are not supported. Set it to 'none'",
         "+reasoning_effort"},
        {"response_format is not available", NULL}, /* was not sent */
        {"my_stream_options_2 is wrong", NULL},
        {"messages: bad", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        struct failure failure;
        json_t *body;
        int index;

        begin(&f, 1);
        chat_add_user(&f.chat, "x");
        body = built(&f, 1);
        failure_set(&failure, FAIL_REQUEST, false, "%s", cases[i].text);
        failure.status = 400;
        index = failure_find_parameter(&openai_chat_ops, &failure, 0, body);
        assert_int_equal(index >= 0, cases[i].finds != NULL);
        if (cases[i].finds)
            assert_string_equal(openai_chat_ops.adjustable[index], cases[i].finds);
        failure.status = 500;
        assert_int_equal(failure_find_parameter(&openai_chat_ops, &failure, 0, body), -1);
        json_decref(body);
        end(&f);
    }
}

static void output_cap__is_named_as_the_host_wants_it(void **state)
{
    static const struct {
        const char *const url;
        unsigned adjusted;
        const char *const field;
    } cases[] = {
        {"https://api.openai.com/v1", 0, "max_completion_tokens"},
        {"https://api.openai.com/v1", 1U << 0, "max_tokens"},
        {"http://127.0.0.1:8080/v1", 0, "max_tokens"},
        {"http://127.0.0.1:8080/v1", 1U << 1, "max_completion_tokens"},
        {"https://r.openai.azure.com/openai/v1", 0, "max_completion_tokens"},
        {"https://notopenai.com/v1", 0, "max_tokens"},
        {"https://openrouter.ai/api/v1", 0, "max_tokens"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        json_t *body;

        begin(&f, 1);
        f.provider.base_url = (char *)(uintptr_t)cases[i].url;
        f.call.adjusted = cases[i].adjusted;
        chat_add_user(&f.chat, "x");
        body = built(&f, 1);
        assert_int_equal(js_int(body, cases[i].field, 0), 1000);
        json_decref(body);
        end(&f);
    }
}

static void urls__are_made_of_what_people_write(void **state)
{
    static const struct {
        size_t api;
        const char *const base;
        const char *const url;
    } cases[] = {
        {0, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"},
        {0, "https://api.anthropic.com/", "https://api.anthropic.com/v1/messages"},
        {0, "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1/messages"},
        {1, "http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/chat/completions"},
        {1, "https://r.openai.azure.com/openai/deployments/d?api-version=2026-01-01",
         "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2026-01-01"},
        {2, "https://api.openai.com/v1", "https://api.openai.com/v1/responses"},
        {3, "https://g.example", "https://g.example/v1beta/models/m:streamGenerateContent?alt=sse"},
        {3, "https://g.example/v1beta",
         "https://g.example/v1beta/models/m:streamGenerateContent?alt=sse"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_provider provider = {.base_url = (char *)(uintptr_t)cases[i].base,
                                           .model = (char *)(uintptr_t) "m"};
        AUTO_FREE char *url = all[cases[i].api]->call_url(&provider);

        assert_string_equal(url, cases[i].url);
    }
}

static void key__goes_into_one_header_and_never_into_the_url(void **state)
{
    static const char *const names[] = {"x-api-key", "Authorization", "Authorization",
                                        "x-goog-api-key"};

    (void)state;
    for (size_t api = 0; api < 4; api++) {
        struct fixture f;
        struct wire_headers headers = {0};
        AUTO_FREE char *url = NULL;
        AUTO_FREE char *models = NULL;
        int seen = 0;

        begin(&f, api);
        secret_set(&f.provider.key, "sekret-key-1", 12);
        url = all[api]->call_url(&f.provider);
        models = all[api]->models_url(&f.provider);
        all[api]->headers(&f.provider, &headers);
        for (size_t i = 0; i < headers.n; i++) {
            if (strstr(headers.list[i].value, "sekret-key-1")) {
                assert_string_equal(headers.list[i].name, names[api]);
                seen++;
            }
        }
        assert_int_equal(seen, 1);
        assert_null(strstr(url, "sekret"));
        assert_null(strstr(models, "sekret"));
        wire_headers_release(&headers);
        secret_release(&f.provider.key);
        end(&f);
    }
}

static void raw_turn__is_replayed_to_its_own_model_only(void **state)
{
    (void)state;
    for (size_t api = 0; api < 4; api++) {
        for (int foreign = 0; foreign < 2; foreign++) {
            static const char *const raws[] = {
                "[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"MARK\"},"
                "{\"type\":\"text\",\"text\":\"\"},{\"type\":\"text\",\"text\":\"said\"}]",
                "{\"role\":\"assistant\",\"content\":\"said\",\"extra\":\"MARK\"}",
                "[{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"MARK\"},"
                "{\"type\":\"message\",\"role\":\"assistant\",\"phase\":\"final\",\"content\":[]}]",
                "{\"role\":\"model\",\"parts\":[{\"text\":\"said\",\"thoughtSignature\":\"MARK\"}]}",
            };
            struct fixture f;
            struct turn turn = {.role = TURN_ASSISTANT};
            AUTO_FREE char *text = NULL;
            json_t *body;

            begin(&f, api);
            chat_add_user(&f.chat, "Start.");
            (void)turn_add_block(&turn, BLOCK_TEXT, "said", 4);
            assert_int_equal(js_parse(raws[api], strlen(raws[api]), &turn.raw, NULL), 0);
            turn.origin = turn_origin("p", all[api]->api, foreign ? "other" : "m");
            chat_add_assistant(&f.chat, &turn);
            chat_add_user(&f.chat, "More.");
            body = built(&f, api);
            text = json_dumps(body, 0);
            if (foreign)
                assert_null(strstr(text, "MARK"));
            else
                assert_non_null(strstr(text, "MARK"));
            json_decref(body);
            end(&f);
        }
    }
}

static void anthropic__marks_a_stable_prefix_for_the_cache(void **state)
{
    struct fixture f;
    json_t *tool = json_pack("{s:s}", "type", "object");
    const struct tool_def tools[] = {{"a", "A", tool}, {"b", "B", tool}};
    json_t *body;

    (void)state;
    begin(&f, 0);
    f.chat.tools = tools;
    f.chat.n_tools = 2;
    chat_add_user(&f.chat, "one");
    add_call_turn(&f.chat, "{}");
    chat_add_user(&f.chat, "two");
    body = built(&f, 0);
    assert_non_null(js_at(body, "system.0.cache_control"));
    assert_null(js_at(body, "tools.0.cache_control"));
    assert_non_null(js_at(body, "tools.1.cache_control"));
    assert_non_null(js_at(body, "messages.0.content.0.cache_control"));
    assert_non_null(js_at(body, "messages.2.content.2.cache_control"));
    json_decref(body);
    f.call.adjusted = 1U;
    body = built(&f, 0);
    assert_null(js_at(body, "system.0.cache_control"));
    json_decref(body);
    end(&f);
    json_decref(tool);
}

static void anthropic__does_not_cache_what_is_asked_once(void **state)
{
    struct fixture f;
    json_t *body;

    (void)state;
    begin(&f, 0);
    chat_add_user(&f.chat, "one");
    body = built(&f, 0);
    assert_non_null(js_at(body, "system.0.cache_control"));
    assert_null(js_at(body, "messages.0.content.0.cache_control"));
    json_decref(body);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversation__is_written_as_each_provider_wants_it),
        cmocka_unit_test(call__without_a_result_is_answered_as_aborted),
        cmocka_unit_test(arguments__that_are_no_json_do_not_break_the_next_request),
        cmocka_unit_test(odd_conversations__still_make_requests_that_are_taken),
        cmocka_unit_test(tool_output__that_is_not_utf8_can_be_sent),
        cmocka_unit_test(structured_answer__is_asked_for_in_the_strict_dialect),
        cmocka_unit_test(structured_answer__goes_into_the_prompt_where_a_server_knows_no_schema),
        cmocka_unit_test(parameter__that_is_named_as_refused_is_found),
        cmocka_unit_test(output_cap__is_named_as_the_host_wants_it),
        cmocka_unit_test(urls__are_made_of_what_people_write),
        cmocka_unit_test(key__goes_into_one_header_and_never_into_the_url),
        cmocka_unit_test(raw_turn__is_replayed_to_its_own_model_only),
        cmocka_unit_test(anthropic__marks_a_stable_prefix_for_the_cache),
        cmocka_unit_test(anthropic__does_not_cache_what_is_asked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
