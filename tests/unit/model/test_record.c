/* The record keeps each turn of a conversation once, and gives all of it back. */
#include "vdo/model/record.h"

#include "../../../src/model/recorder.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/model/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct recorder recorder;
    struct model_context context;
    struct model_request request;
    struct chat chat;
    json_t *schema;
    json_t *known;
};

static void open_world(struct world *w)
{
    *w = (struct world){.context = {.job_id = "job1"}, .known = json_object()};
    chat_init(&w->chat, "VDO role: builder\nBuild.");
    chat_add_user(&w->chat, "Hello");
}

static void close_world(struct world *w)
{
    recorder_release(&w->recorder);
    chat_release(&w->chat);
    json_decref(w->known);
}

static void say(struct world *w, const char *text)
{
    struct turn turn = {0};
    json_auto_t *value = json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s, s:s, s:{s:s}}], s:[s], s:s}",
                                   "role", "assistant", "blocks", "kind", "text", "text", text,
                                   "kind", "tool_call", "call_id", "c1", "tool", "read_file",
                                   "args", "path", text, "raw", text, "origin", "p/openai-chat/m");

    turn_from_json(value, &turn);
    chat_add_assistant(&w->chat, &turn);
}

/* Record the conversation as it is; what comes back is all of it. *out_keep: turns that were not
 * written again, -1 when the request is whole. */
static size_t record(struct world *w, int64_t *out_keep)
{
    struct attempt attempt = {
        .context = &w->context, .request = &w->request, .chat = &w->chat, .schema = w->schema};
    AUTO_FREE char *text = recorder_request(&w->recorder, &attempt);
    AUTO_FREE char *wanted_text = recorder_whole_request(&attempt);
    json_auto_t *request = NULL;
    json_auto_t *wanted = NULL;
    json_auto_t *whole = NULL;
    struct err err = {0};

    assert_int_equal(js_parse(text, strlen(text), &request, &err), 0);
    assert_int_equal(js_parse(wanted_text, strlen(wanted_text), &wanted, &err), 0);
    if (model_record_expand(w->known, request, &whole, &err))
        fail_msg("%s", err.text);
    if (!json_equal(whole, wanted))
        fail_msg("%s\nis not\n%s", text, wanted_text);
    *out_keep = js_int(request, "keep", -1);
    return strlen(text);
}

static void conversation__that_grows_is_written_once(void **state)
{
    struct world w;
    int64_t keep;

    (void)state;
    open_world(&w);
    (void)record(&w, &keep);
    assert_int_equal(keep, -1);
    for (int i = 0; i < 20; i++) {
        say(&w, "I look.");
        chat_add_tool_result(&w.chat, "c1", "read_file", "some text of a file", i % 2);
        assert_true(record(&w, &keep) < 600);
        assert_int_equal(keep, 2 * i + 1);
        assert_true(record(&w, &keep) < 100); /* asked again after a failure */
        assert_int_equal(keep, 2 * i + 3);
    }
    close_world(&w);
}

static void turn__that_changed_is_written_again_with_all_behind_it(void **state)
{
    struct world w;
    int64_t keep;

    (void)state;
    open_world(&w);
    say(&w, "one");
    chat_add_user(&w.chat, "two");
    (void)record(&w, &keep);
    chat_add_user(&w.chat, "and more"); /* the last turn grows */
    (void)record(&w, &keep);
    assert_int_equal(keep, 2);
    turn_release(&w.chat.turns[--w.chat.n_turns]); /* a repair that was thrown away */
    chat_add_user(&w.chat, "other");
    (void)record(&w, &keep);
    assert_int_equal(keep, 2);
    free(w.chat.turns[1].blocks[0].text);
    w.chat.turns[1].blocks[0].text = xstrdup("uno");
    (void)record(&w, &keep);
    assert_int_equal(keep, 1);
    json_decref(w.chat.turns[1].raw);
    w.chat.turns[1].raw = json_string("another");
    (void)record(&w, &keep);
    assert_int_equal(keep, 1);
    close_world(&w);
}

static void request__of_another_conversation_is_whole(void **state)
{
    struct world w;
    json_auto_t *schema = json_object();
    const struct tool_def tool = {"read_file", "Read.", schema};
    int64_t keep;

    (void)state;
    open_world(&w);
    (void)record(&w, &keep);
    w.context.job_id = "job2";
    (void)record(&w, &keep);
    assert_int_equal(keep, -1);
    w.chat.tools = &tool;
    w.chat.n_tools = 1;
    (void)record(&w, &keep);
    assert_int_equal(keep, -1);
    free(w.chat.system);
    w.chat.system = xstrdup("VDO role: tester\nTest.");
    (void)record(&w, &keep);
    assert_int_equal(keep, -1);
    recorder_release(&w.recorder); /* another process */
    (void)record(&w, &keep);
    assert_int_equal(keep, -1);
    w.schema = schema;
    w.request.schema_name = "plan";
    (void)record(&w, &keep);
    assert_int_equal(keep, 1);
    w.schema = NULL;
    (void)record(&w, &keep);
    assert_int_equal(keep, 1);
    close_world(&w);
}

static void secrets__are_hidden_in_what_is_new(void **state)
{
    struct world w;
    struct attempt attempt;
    AUTO_FREE char *text = NULL;
    int64_t keep;

    (void)state;
    open_world(&w);
    (void)record(&w, &keep);
    chat_add_user(&w.chat, "it is ghp_abcdefghijklmnopqrstuvwxyz012345");
    attempt = (struct attempt){.context = &w.context, .request = &w.request, .chat = &w.chat};
    text = recorder_request(&w.recorder, &attempt);
    assert_non_null(strstr(text, "it is [redacted]"));
    close_world(&w);
}

static void request__that_cannot_be_completed_is_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"[]", VDO_E_INVALID},
        {"{\"after\":\"nobody\",\"keep\":0,\"turns\":[]}", VDO_E_NOT_FOUND},
        {"{\"after\":\"a\",\"keep\":2,\"turns\":[]}", VDO_E_INVALID},
        {"{\"after\":\"a\",\"keep\":-1,\"turns\":[]}", VDO_E_INVALID},
        {"{\"after\":\"a\",\"turns\":[]}", VDO_E_INVALID},
        {"{\"after\":\"a\",\"keep\":1}", VDO_E_INVALID},
        {"{\"after\":7,\"keep\":1,\"turns\":[]}", VDO_E_NOT_FOUND},
        {"{\"after\":\"a\",\"keep\":1,\"turns\":[]}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *known = json_pack("{s:{s:s, s:[{}]}}", "a", "system", "s", "turns");
        json_auto_t *request = NULL;
        json_auto_t *out = NULL;
        struct err err = {0};

        assert_int_equal(js_parse(rows[i].text, strlen(rows[i].text), &request, NULL), 0);
        assert_int_equal(model_record_expand(known, request, &out, &err), rows[i].code);
        assert_true((out != NULL) == (rows[i].code == 0));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversation__that_grows_is_written_once),
        cmocka_unit_test(turn__that_changed_is_written_again_with_all_behind_it),
        cmocka_unit_test(request__of_another_conversation_is_whole),
        cmocka_unit_test(secrets__are_hidden_in_what_is_new),
        cmocka_unit_test(request__that_cannot_be_completed_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
