#include "vdo/base/err.h"
#include "vdo/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void strbuf_add__joins_and_always_ends_in_nul(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 100);
    assert_string_equal(sb.ptr, "");
    assert_int_equal(strbuf_adds(&sb, "ab"), 0);
    assert_int_equal(strbuf_addc(&sb, 'c'), 0);
    assert_int_equal(strbuf_addf(&sb, "%d-%s", 42, "x"), 0);
    assert_int_equal(strbuf_add(&sb, "\0z", 2), 0);
    assert_int_equal(strbuf_add(&sb, NULL, 0), 0);
    assert_int_equal(sb.len, 9);
    assert_memory_equal(sb.ptr, "abc42-x\0z", 10);
    assert_false(strbuf_overflowed(&sb));
}

static void strbuf_add__refuses_to_pass_the_maximum_and_stays_refused(void **state)
{
    static const struct {
        size_t max;
        const char *text;
        int rc;
    } rows[] = {
        {0, "", 0},
        {0, "a", VDO_E_TOO_LARGE},
        {3, "abc", 0},
        {3, "abcd", VDO_E_TOO_LARGE},
        {64, "0123456789012345678901234567890123456789012345678901234567890123", 0},
        {63, "0123456789012345678901234567890123456789012345678901234567890123", VDO_E_TOO_LARGE}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STRBUF sb = {0};

        strbuf_init(&sb, rows[i].max);
        assert_int_equal(strbuf_adds(&sb, rows[i].text), rows[i].rc);
        assert_int_equal(strbuf_overflowed(&sb), rows[i].rc != 0);
        assert_string_equal(sb.ptr, rows[i].rc ? "" : rows[i].text);
        if (rows[i].rc) {
            assert_int_equal(strbuf_adds(&sb, ""), VDO_E_TOO_LARGE);
            assert_int_equal(strbuf_addf(&sb, "%s", "x"), VDO_E_TOO_LARGE);
            assert_int_equal(sb.len, 0);
        }
    }
}

static void strbuf_addf__leaves_nothing_of_what_did_not_fit(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 10);
    assert_int_equal(strbuf_adds(&sb, "12345"), 0);
    assert_int_equal(strbuf_addf(&sb, "%s", "abcdef"), VDO_E_TOO_LARGE);
    assert_string_equal(sb.ptr, "12345");
    assert_int_equal(sb.len, 5);
}

static void strbuf_addf__grows_past_its_first_allocation(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 1 << 20);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(strbuf_addf(&sb, "%0*d", 100, i), 0);
    assert_int_equal(sb.len, 100000);
    assert_int_equal(strlen(sb.ptr), 100000);
    assert_memory_equal(sb.ptr + sb.len - 4, "0999", 4);
}

static void strbuf_clear__keeps_it_usable_after_overflow(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 3);
    (void)strbuf_adds(&sb, "abcd");
    strbuf_clear(&sb);
    assert_false(strbuf_overflowed(&sb));
    assert_int_equal(strbuf_adds(&sb, "abc"), 0);
    assert_string_equal(sb.ptr, "abc");
}

static void strbuf_truncate__cuts_but_never_grows(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 10);
    (void)strbuf_adds(&sb, "abcdef");
    strbuf_truncate(&sb, 100);
    assert_int_equal(sb.len, 6);
    strbuf_truncate(&sb, 2);
    assert_string_equal(sb.ptr, "ab");
    strbuf_truncate(&sb, 0);
    assert_string_equal(sb.ptr, "");
}

static void strbuf_take__moves_the_bytes_out(void **state)
{
    struct strbuf sb;
    size_t len = 0;
    char *bytes;

    (void)state;
    strbuf_init(&sb, 10);
    (void)strbuf_add(&sb, "a\0b", 3);
    bytes = strbuf_take(&sb, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "a\0b", 4);
    free(bytes);
    assert_null(sb.ptr);
    strbuf_release(&sb);
    strbuf_release(NULL);
}

static void strbuf_add_word__gives_a_shell_one_word(void **state)
{
    AUTO_STRBUF sb = {0};

    (void)state;
    strbuf_init(&sb, 40);
    assert_int_equal(strbuf_add_word(&sb, "it's $(a) `b` \"c\""), 0);
    assert_string_equal(sb.ptr, "'it'\\''s $(a) `b` \"c\"'");
    strbuf_clear(&sb);
    assert_int_equal(strbuf_add_word(&sb, ""), 0);
    assert_string_equal(sb.ptr, "''");
    assert_int_equal(strbuf_add_word(&sb, "0123456789012345678901234567890123456789"),
                     VDO_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strbuf_add__joins_and_always_ends_in_nul),
        cmocka_unit_test(strbuf_add__refuses_to_pass_the_maximum_and_stays_refused),
        cmocka_unit_test(strbuf_addf__leaves_nothing_of_what_did_not_fit),
        cmocka_unit_test(strbuf_addf__grows_past_its_first_allocation),
        cmocka_unit_test(strbuf_clear__keeps_it_usable_after_overflow),
        cmocka_unit_test(strbuf_truncate__cuts_but_never_grows),
        cmocka_unit_test(strbuf_add_word__gives_a_shell_one_word),
        cmocka_unit_test(strbuf_take__moves_the_bytes_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
