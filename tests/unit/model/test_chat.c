#include "vdo/model/chat.h"

#include "../../../src/model/turns.h"
#include "vdo/model/redact.h"

#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void user__says_everything_in_one_turn(void **state)
{
    struct chat chat;
    struct turn turn = {0};

    (void)state;
    chat_init(&chat, "VDO role: builder");
    chat_add_user(&chat, "one");
    chat_add_user(&chat, "two");
    assert_int_equal(chat.n_turns, 1);
    assert_int_equal(chat.turns[0].n_blocks, 2);
    (void)turn_add_call(&turn, "c1", "f", "{}", 2);
    (void)turn_add_call(&turn, "c2", "f", "{}", 2);
    chat_add_assistant(&chat, &turn);
    assert_int_equal(turn.n_blocks, 0); /* taken over */
    chat_add_tool_result(&chat, "c1", "f", "a", false);
    chat_add_tool_result(&chat, "c2", "f", "b", true);
    assert_int_equal(chat.n_turns, 3);
    assert_int_equal(chat.turns[2].n_blocks, 2);
    assert_true(chat.turns[2].blocks[1].is_error);
    assert_int_equal(chat_assistant_turns(&chat), 1);
    assert_ptr_equal(chat_find_result(&chat, 1, &chat.turns[1].blocks[1]),
                     &chat.turns[2].blocks[1]);
    chat_release(&chat);
}

static void text__is_made_valid(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {"plain", 5, "plain"},
        {"\xFF", 1, "\xEF\xBF\xBD"},
        {"a\0b", 3,
         "a\xEF\xBF\xBD"
         "b"},
        {"\xC3", 1, "\xEF\xBF\xBD"},
        {"", 0, ""},
        {"ö", 2, "ö"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct turn turn = {0};

        (void)turn_add_block(&turn, BLOCK_TEXT, cases[i].bytes, cases[i].len);
        assert_string_equal(turn.blocks[0].text, cases[i].text);
        turn_release(&turn);
    }
}

static void call__keeps_what_came_and_parses_what_it_can(void **state)
{
    static const struct {
        const char *raw;
        bool object;
    } cases[] = {
        {"{\"a\":1}", true}, {"", true},       {"{}", true},           {"[1]", false},
        {"\"x\"", false},    {"{oops", false}, {"{\"a\":1}{}", false}, {"null", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct turn turn = {0};
        const struct block *call =
            turn_add_call(&turn, "id", "f", cases[i].raw, strlen(cases[i].raw));

        assert_int_equal(call->args != NULL, cases[i].object);
        assert_string_equal(call->args_raw, cases[i].raw);
        assert_string_equal(call->text, "");
        turn_release(&turn);
    }
}

static void call__without_an_id_of_its_own_gets_one(void **state)
{
    struct turn turn = {0};

    (void)state;
    (void)turn_add_call(&turn, NULL, "f", "", 0);
    (void)turn_add_call(&turn, "", "f", "", 0);
    (void)turn_add_call(&turn, "same", "f", "", 0);
    (void)turn_add_call(&turn, "same", "f", "", 0);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(turn.blocks[i].call_id, turn.blocks[j].call_id);
        assert_true(*turn.blocks[i].call_id);
    }
    turn_release(&turn);
}

static void turn__without_words_or_calls_says_nothing(void **state)
{
    struct turn turn = {0};

    (void)state;
    assert_false(turn_says_something(&turn));
    (void)turn_add_block(&turn, BLOCK_REASONING, "thinking", 8);
    (void)turn_add_block(&turn, BLOCK_TEXT, " \n", 2);
    assert_false(turn_says_something(&turn));
    (void)turn_add_call(&turn, NULL, "f", "", 0);
    assert_true(turn_says_something(&turn));
    turn_release(&turn);
}

static void record__hides_secrets_and_stays_json(void **state)
{
    struct secret key = {0};
    struct chat chat;
    json_auto_t *value = NULL;
    json_auto_t *back = NULL;
    AUTO_FREE char *text = NULL;

    (void)state;
    secret_set(&key, "line one\nline \"two\"", 19);
    chat_init(&chat, "system");
    chat_add_user(&chat,
                  "key:\nline one\nline \"two\"\nand\nghp_abcdefghijklmnopqrstuvwxyz012345 end");
    chat_add_user(&chat, "-----BEGIN RSA PRIVATE KEY-----\nabc");
    chat_add_user(&chat, "harmless");
    value = chat_to_json(&chat);
    text = redact_json(value);
    assert_null(strstr(text, "line one"));
    assert_null(strstr(text, "ghp_"));
    assert_null(strstr(text, "BEGIN RSA"));
    assert_int_equal(js_parse(text, strlen(text), &back, NULL), 0);
    assert_string_equal(js_str(back, "turns.0.blocks.2.text", ""), "harmless");
    chat_release(&chat);
    secret_release(&key);
}

static void last_text__is_what_the_user_said_last(void **state)
{
    struct chat chat;
    struct turn turn = {0};
    AUTO_FREE char *text = NULL;

    (void)state;
    chat_init(&chat, "");
    chat_add_user(&chat, "first");
    (void)turn_add_call(&turn, "c", "f", "", 0);
    chat_add_assistant(&chat, &turn);
    chat_add_tool_result(&chat, "c", "f", "output", false);
    chat_add_user(&chat, "note");
    text = chat_last_text(&chat);
    assert_string_equal(text, "output\nnote");
    chat_release(&chat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user__says_everything_in_one_turn),
        cmocka_unit_test(text__is_made_valid),
        cmocka_unit_test(call__keeps_what_came_and_parses_what_it_can),
        cmocka_unit_test(call__without_an_id_of_its_own_gets_one),
        cmocka_unit_test(turn__without_words_or_calls_says_nothing),
        cmocka_unit_test(record__hides_secrets_and_stays_json),
        cmocka_unit_test(last_text__is_what_the_user_said_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
