#include "../../../src/model/reader.h"
#include "../../../src/model/turns.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include "model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct provider_ops *const all[] = {&anthropic_ops, &openai_chat_ops,
                                                 &openai_responses_ops, &gemini_ops};

static struct config_provider provider = {.name = (char *)(uintptr_t) "p",
                                          .model = (char *)(uintptr_t) "m",
                                          .base_url = (char *)(uintptr_t) "http://127.0.0.1/v1"};

struct reading {
    struct wire_answer answer;
    int rc;
    struct err err;
    struct strbuf seen;
};

static void on_text(void *arg, const char *text, size_t len)
{
    (void)strbuf_add(arg, text, len);
}

/* Feed in pieces of `piece` bytes. */
static void read_bytes(const struct provider_ops *ops, const char *bytes, size_t len, size_t piece,
                       struct reading *out)
{
    struct answer_reader *reader;

    *out = (struct reading){0};
    strbuf_init(&out->seen, 1UL << 26);
    wire_answer_init(&out->answer, ops);
    out->answer.on_text = on_text;
    out->answer.on_text_arg = &out->seen;
    reader = answer_reader_new(ops, &out->answer);
    for (size_t at = 0; at < len && out->rc == 0; at += piece)
        out->rc =
            answer_reader_feed(reader, bytes + at, at + piece < len ? piece : len - at, &out->err);
    if (out->rc == 0)
        out->rc = answer_reader_finish(reader, &provider, &out->err);
    answer_reader_free(reader);
}

static void read_text(const struct provider_ops *ops, const char *text, struct reading *out)
{
    read_bytes(ops, text, strlen(text), strlen(text) ? strlen(text) : 1, out);
}

static void release(struct reading *reading, const struct provider_ops *ops)
{
    wire_answer_release(&reading->answer, ops);
    strbuf_release(&reading->seen);
}

/* Everything that a caller can see of an answer, as text. */
static char *fingerprint(const struct reading *reading)
{
    json_auto_t *turn = turn_to_json(&reading->answer.turn);
    AUTO_FREE char *text = json_dumps(turn, JSON_COMPACT);
    const struct usage *usage = &reading->answer.usage;

    return xasprintf(
        "%s|%s|%s|%d|%lld %lld %lld %lld %lld|%s", text, model_stop_name(reading->answer.stop),
        reading->answer.raw_stop ? reading->answer.raw_stop : "-", reading->answer.complete,
        (long long)usage->input, (long long)usage->cache_read, (long long)usage->cache_write,
        (long long)usage->output, (long long)usage->reasoning, reading->seen.ptr);
}

static void stream__is_read_the_same_in_every_split(void **state)
{
    const struct {
        const struct provider_ops *ops;
        const char *stream;
    } cases[] = {
        {&anthropic_ops, sample_anthropic_tool},
        {&anthropic_ops, sample_anthropic_text},
        {&openai_chat_ops, sample_chat_tools},
        {&openai_chat_ops, sample_chat_text},
        {&openai_responses_ops, sample_responses_tool},
        {&openai_responses_ops, sample_responses_text},
        {&gemini_ops, sample_gemini_tools},
        {&gemini_ops, sample_gemini_text},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading whole;
        size_t len = strlen(cases[i].stream);

        read_text(cases[i].ops, cases[i].stream, &whole);
        assert_int_equal(whole.rc, 0);
        assert_true(whole.answer.complete);
        for (size_t piece = 1; piece < 64; piece++) {
            struct reading split;
            AUTO_FREE char *a = fingerprint(&whole);
            AUTO_FREE char *b = NULL;

            read_bytes(cases[i].ops, cases[i].stream, len, piece, &split);
            b = fingerprint(&split);
            assert_string_equal(a, b);
            release(&split, cases[i].ops);
        }
        release(&whole, cases[i].ops);
    }
}

static void text_stream__gives_text_usage_and_stop(void **state)
{
    static const char *const streams[] = {sample_anthropic_text, sample_chat_text,
                                          sample_responses_text, sample_gemini_text};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct reading reading;
        AUTO_FREE char *text = NULL;

        read_text(all[i], streams[i], &reading);
        text = turn_text(&reading.answer.turn);
        assert_string_equal(text, "Hello, wörld");
        assert_string_equal(reading.seen.ptr, "Hello, wörld");
        assert_int_equal(reading.answer.stop, STOP_END);
        assert_int_equal(reading.answer.usage.input, 10);
        assert_int_equal(reading.answer.usage.output, 6);
        assert_true(reading.answer.usage_seen);
        release(&reading, all[i]);
    }
}

static void tool_stream__gives_calls_with_parsed_arguments(void **state)
{
    static const char *const streams[] = {sample_anthropic_tool, sample_chat_tools,
                                          sample_responses_tool, sample_gemini_tools};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct reading reading;
        const struct turn *turn = &reading.answer.turn;
        const struct block *call = NULL;

        read_text(all[i], streams[i], &reading);
        assert_int_equal(reading.answer.stop, STOP_TOOL);
        for (size_t b = 0; !call && b < turn->n_blocks; b++) {
            if (turn->blocks[b].kind == BLOCK_TOOL_CALL)
                call = &turn->blocks[b];
        }
        assert_non_null(call);
        assert_string_equal(call->tool, "read_file");
        assert_string_equal(js_str(call->args, "path", ""), "a.c");
        assert_non_null(turn->raw);
        release(&reading, all[i]);
    }
}

static void usage__counts_each_kind_of_token_once(void **state)
{
    static const struct {
        const char *const stream;
        struct usage want;
    } cases[] = {
        {sample_anthropic_tool, {.input = 25, .cache_read = 2048, .output = 61, .reasoning = 30}},
        {sample_chat_tools, {.input = 952, .cache_read = 2048, .output = 40}},
        {sample_responses_tool,
         {.input = 440, .cache_read = 2048, .cache_write = 512, .output = 80, .reasoning = 40}},
        {sample_gemini_tools, {.input = 952, .cache_read = 2048, .output = 55, .reasoning = 30}},
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct reading reading;

        read_text(all[i], cases[i].stream, &reading);
        assert_memory_equal(&reading.answer.usage, &cases[i].want, sizeof(struct usage));
        release(&reading, all[i]);
    }
}

static void anthropic__keeps_the_signature_of_empty_thinking(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&anthropic_ops, sample_anthropic_tool, &reading);
    assert_string_equal(js_str(reading.answer.turn.raw, "0.signature", ""), "EqQB...");
    assert_string_equal(js_str(reading.answer.turn.raw, "1.input.path", ""), "a.c");
    assert_string_equal(js_str(reading.answer.turn.raw, "1.caller.type", ""), "direct");
    assert_string_equal(reading.answer.turn.origin, "p/anthropic/m");
    release(&reading, &anthropic_ops);
}

static void gemini__keeps_signatures_at_their_parts(void **state)
{
    struct reading reading;
    const json_t *raw;

    (void)state;
    read_text(&gemini_ops, sample_gemini_tools, &reading);
    raw = reading.answer.turn.raw;
    assert_string_equal(js_str(raw, "parts.1.thoughtSignature", ""), "CpcB...");
    assert_string_equal(js_str(raw, "parts.2.functionCall.name", ""), "grep");
    assert_null(js_at(raw, "parts.2.thoughtSignature"));
    assert_string_equal(reading.answer.turn.blocks[2].call_id, "fc-2");
    release(&reading, &gemini_ops);

    read_text(&gemini_ops, sample_gemini_text, &reading);
    raw = reading.answer.turn.raw;
    assert_int_equal(json_array_size(js_at(raw, "parts")), 2);
    assert_string_equal(js_str(raw, "parts.0.text", ""), "Hello, wörld");
    assert_string_equal(js_str(raw, "parts.1.thoughtSignature", ""), "Sig2");
    release(&reading, &gemini_ops);
}

static void responses__keeps_final_items_only(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&openai_responses_ops, sample_responses_tool, &reading);
    assert_string_equal(js_str(reading.answer.turn.raw, "0.encrypted_content", ""), "gAAAA...full");
    assert_int_equal(json_array_size(reading.answer.turn.raw), 2);
    assert_string_equal(reading.answer.turn.blocks[1].call_id, "call_1");
    release(&reading, &openai_responses_ops);
}

static void chat__joins_parallel_calls_by_index(void **state)
{
    struct reading reading;
    const struct turn *turn = &reading.answer.turn;

    (void)state;
    read_text(&openai_chat_ops, sample_chat_tools, &reading);
    assert_int_equal(turn->n_blocks, 2);
    assert_string_equal(turn->blocks[0].call_id, "call_a");
    assert_string_equal(turn->blocks[1].call_id, "call_b");
    assert_string_equal(turn->blocks[1].args_raw, "{}");
    release(&reading, &openai_chat_ops);
}

static void chat__tells_calls_without_index_apart_by_id(void **state)
{
    static const char stream[] =
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
        "\"function\":{\"name\":\"x\",\"arguments\":{\"n\":1}}}]}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"b\",\"type\":\"function\","
        "\"function\":{\"name\":\"y\",\"arguments\":\"{\\\"n\\\":2}\"}}]},"
        "\"finish_reason\":\"stop\"}]}\n\n";
    struct reading reading;
    const struct turn *turn = &reading.answer.turn;

    (void)state;
    read_text(&openai_chat_ops, stream, &reading);
    assert_int_equal(turn->n_blocks, 2);
    assert_int_equal(js_int(turn->blocks[0].args, "n", 0), 1);
    assert_int_equal(js_int(turn->blocks[1].args, "n", 0), 2);
    assert_int_equal(reading.answer.stop, STOP_TOOL);
    release(&reading, &openai_chat_ops);
}

static void answer__without_a_stream_is_read_too(void **state)
{
    static const char *const bodies[] = {
        "{\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],"
        "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}",
        "\n {\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}",
        "{\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":"
        "\"output_text\",\"text\":\"hi\"}]}],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}",
        "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"finishReason\":\"STOP\"}],"
        "\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1}}]",
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct reading reading;
        AUTO_FREE char *text = NULL;

        read_text(all[i], bodies[i], &reading);
        assert_int_equal(reading.rc, 0);
        text = turn_text(&reading.answer.turn);
        assert_string_equal(text, "hi");
        assert_true(reading.answer.complete);
        assert_int_equal(reading.answer.usage.input, 3);
        release(&reading, all[i]);
    }
}

static void stream__cut_anywhere_is_never_complete_before_its_stop(void **state)
{
    static const struct {
        const char *const stream;
        const char *const stop; /* an answer is whole once this was sent */
    } cases[] = {
        {sample_anthropic_tool, "\"stop_reason\":\"tool_use\""},
        {sample_chat_tools, "\"finish_reason\":\"tool_calls\""},
        {sample_responses_tool, "response.completed\",\"seq"},
        {sample_gemini_tools, "\"finishReason\""},
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        size_t until = (size_t)(strstr(cases[i].stream, cases[i].stop) - cases[i].stream);

        for (size_t len = 0; len < until; len++) {
            struct reading reading;

            read_bytes(all[i], cases[i].stream, len, len ? len : 1, &reading);
            assert_false(reading.answer.complete);
            release(&reading, all[i]);
        }
    }
}

static void error_inside_a_stream__becomes_a_failure(void **state)
{
    static const struct {
        int api;
        const char *const stream;
        enum failure_kind kind;
        bool retry;
    } cases[] = {
        {0,
         "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
         "\"message\":\"Overloaded\"},\"request_id\":\"req_1\"}\n\n",
         FAIL_BUSY, true},
        {0,
         "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
         "\"x\"}}\n\n",
         FAIL_CUT, true},
        {1, "data: {\"error\":{\"code\":502,\"message\":\"upstream\"}}\n\n", FAIL_CUT, true},
        {1, "data: {\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no\"}}\n\n",
         FAIL_SPEND, false},
        {2,
         "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":"
         "\"slow\",\"param\":null,\"sequence_number\":3}\n\n",
         FAIL_BUSY, true},
        {2,
         "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":"
         "{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n",
         FAIL_CUT, true},
        {2,
         "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":"
         "{\"code\":\"invalid_prompt\",\"message\":\"no\"}}}\n\n",
         FAIL_REFUSAL, false},
        {2,
         "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":"
         "{\"code\":\"bio_policy\",\"message\":\"no\"}}}\n\n",
         FAIL_REFUSAL, false},
        {3, "data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"busy\"}}\n\n",
         FAIL_CUT, true},
        {3, "data: {\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\n\n", FAIL_CUT,
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;

        read_text(all[cases[i].api], cases[i].stream, &reading);
        assert_int_equal(reading.answer.failure.kind, cases[i].kind);
        assert_int_equal(reading.answer.failure.retry, cases[i].retry);
        assert_true(*reading.answer.failure.text);
        release(&reading, all[cases[i].api]);
    }
}

static void refusal__is_told_from_an_answer(void **state)
{
    static const struct {
        int api;
        const char *const stream;
        const char *const note;
    } cases[] = {
        {0,
         "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":"
         "{\"type\":\"refusal\",\"category\":\"cyber\",\"explanation\":null}}}\n\n",
         "cyber"},
        {1,
         "data: {\"choices\":[{\"delta\":{\"refusal\":\"I will not\"},\"finish_reason\":\"stop\"}]}\n\n",
         "I will not"},
        {1, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n", NULL},
        {2,
         "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
         "\"incomplete_details\":{\"reason\":\"content_filter\"}}}\n\n",
         NULL},
        {3,
         "data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},\"usageMetadata\":"
         "{\"promptTokenCount\":12,\"totalTokenCount\":12}}\n\n",
         "the prompt was blocked: PROHIBITED_CONTENT"},
        {3, "data: {\"candidates\":[{\"finishReason\":\"SAFETY\"}]}\n\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;

        read_text(all[cases[i].api], cases[i].stream, &reading);
        assert_int_equal(reading.answer.stop, STOP_REFUSAL);
        assert_true(reading.answer.complete);
        if (cases[i].note)
            assert_string_equal(reading.answer.note, cases[i].note);
        release(&reading, all[cases[i].api]);
    }
}

static void stop__that_nobody_knows_is_kept_and_tolerated(void **state)
{
    static const struct {
        int api;
        const char *const stream;
        enum model_stop stop;
        const char *const raw;
    } cases[] = {
        {0,
         "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
         "\"text\":\"x\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
         "\"new_reason\"}}\n\n",
         STOP_OTHER, "new_reason"},
        {1, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"eos\"}]}\n\n",
         STOP_OTHER, "eos"},
        {1,
         "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}]}\n\n",
         STOP_LENGTH, "length"},
        {3,
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
         "\"finishReason\":\"FUNCTION_CALL\"}]}\n\n",
         STOP_TOOL, "FUNCTION_CALL"},
        {3, "data: {\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}\n\n", STOP_LENGTH,
         "MAX_TOKENS"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;

        read_text(all[cases[i].api], cases[i].stream, &reading);
        assert_int_equal(reading.answer.stop, cases[i].stop);
        assert_string_equal(reading.answer.raw_stop, cases[i].raw);
        release(&reading, all[cases[i].api]);
    }
}

static void arguments__that_are_no_json_are_kept_as_they_came(void **state)
{
    static const char stream[] =
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
        "{\"name\":\"x\",\"arguments\":\"{\\\"path\\\": oops\"}}]},\"finish_reason\":"
        "\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    struct reading reading;

    (void)state;
    read_text(&openai_chat_ops, stream, &reading);
    assert_null(reading.answer.turn.blocks[0].args);
    assert_string_equal(reading.answer.turn.blocks[0].args_raw, "{\"path\": oops");
    release(&reading, &openai_chat_ops);
}

static void bytes__that_are_not_utf8_are_marked(void **state)
{
    static const char stream[] = "data: {\"choices\":[{\"delta\":{\"content\":\"a\xC3\"},"
                                 "\"finish_reason\":\"stop\"}]}\n\n";
    struct reading reading;
    AUTO_FREE char *text = NULL;

    (void)state;
    read_text(&openai_chat_ops, stream, &reading);
    assert_int_equal(reading.rc, 0);
    text = turn_text(&reading.answer.turn);
    assert_string_equal(text, "a\xEF\xBF\xBD");
    release(&reading, &openai_chat_ops);
}

static void unknown_events__are_skipped(void **state)
{
    AUTO_FREE char *stream =
        xasprintf("event: brand_new\ndata: {\"type\":\"brand_new\",\"index\":-4}\n\n"
                  "data: \n\ndata: [1,2]\n\ndata: {\"type\":\"content_block_delta\",\"index\":9,"
                  "\"delta\":{\"type\":\"hologram_delta\"}}\n\n%s",
                  sample_anthropic_text);
    struct reading reading;

    (void)state;
    read_text(&anthropic_ops, stream, &reading);
    assert_int_equal(reading.rc, 0);
    assert_true(reading.answer.complete);
    assert_string_equal(reading.seen.ptr, "Hello, wörld");
    release(&reading, &anthropic_ops);
}

static void answer__of_another_kind_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *const body;
        const char *const says;
    } cases[] = {
        {"<html>login</html>", "neither an event stream nor JSON"},
        {"{\"hello\":1}", "not an answer of"},
        {"\"text\"", "no object"},
        {"[]", "no object"},
        {"data: {\"broken\n\n", "an event of the answer"},
    };

    (void)state;
    for (size_t api = 0; api < 4; api++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct reading reading;

            read_text(all[api], cases[i].body, &reading);
            assert_int_equal(reading.rc, VDO_E_INVALID);
            assert_non_null(strstr(reading.err.text, cases[i].says));
            release(&reading, all[api]);
        }
    }
}

static void line__of_more_than_32_mb_is_refused(void **state)
{
    static char piece[1 << 20];
    struct wire_answer answer;
    struct answer_reader *reader;
    struct err err = {0};
    int rc = 0;

    (void)state;
    memset(piece, 'a', sizeof(piece));
    memcpy(piece, "data: ", 6);
    wire_answer_init(&answer, &openai_chat_ops);
    reader = answer_reader_new(&openai_chat_ops, &answer);
    for (int i = 0; i < 40 && !rc; i++) {
        rc = answer_reader_feed(reader, piece, sizeof(piece), &err);
        piece[0] = 'a';
    }
    assert_int_equal(rc, VDO_E_TOO_LARGE);
    assert_true(*err.text);
    answer_reader_free(reader);
    wire_answer_release(&answer, &openai_chat_ops);
}

static void reported_cost__is_taken_in_microdollars(void **state)
{
    static const char stream[] =
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],\"usage\":"
        "{\"prompt_tokens\":5,\"completion_tokens\":1,\"cost\":0.0001234}}\n\n";
    struct reading reading;

    (void)state;
    read_text(&openai_chat_ops, stream, &reading);
    assert_int_equal(reading.answer.reported_microusd, 124);
    release(&reading, &openai_chat_ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream__is_read_the_same_in_every_split),
        cmocka_unit_test(text_stream__gives_text_usage_and_stop),
        cmocka_unit_test(tool_stream__gives_calls_with_parsed_arguments),
        cmocka_unit_test(usage__counts_each_kind_of_token_once),
        cmocka_unit_test(anthropic__keeps_the_signature_of_empty_thinking),
        cmocka_unit_test(gemini__keeps_signatures_at_their_parts),
        cmocka_unit_test(responses__keeps_final_items_only),
        cmocka_unit_test(chat__joins_parallel_calls_by_index),
        cmocka_unit_test(chat__tells_calls_without_index_apart_by_id),
        cmocka_unit_test(answer__without_a_stream_is_read_too),
        cmocka_unit_test(stream__cut_anywhere_is_never_complete_before_its_stop),
        cmocka_unit_test(error_inside_a_stream__becomes_a_failure),
        cmocka_unit_test(refusal__is_told_from_an_answer),
        cmocka_unit_test(stop__that_nobody_knows_is_kept_and_tolerated),
        cmocka_unit_test(arguments__that_are_no_json_are_kept_as_they_came),
        cmocka_unit_test(bytes__that_are_not_utf8_are_marked),
        cmocka_unit_test(unknown_events__are_skipped),
        cmocka_unit_test(answer__of_another_kind_is_refused_with_a_reason),
        cmocka_unit_test(line__of_more_than_32_mb_is_refused),
        cmocka_unit_test(reported_cost__is_taken_in_microdollars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
