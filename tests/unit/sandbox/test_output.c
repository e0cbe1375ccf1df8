#include "../../../src/sandbox/output.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void output_text__keeps_everything_that_fits(void **state)
{
    struct output o;

    (void)state;
    output_init(&o, 8);
    output_add(&o, "hello ", 6);
    output_add(&o, "world\n", 6);
    AUTO_FREE char *text = output_text(&o);
    assert_string_equal(text, "hello world\n");
    output_release(&o);
}

static void output_text__keeps_head_and_tail_and_counts_the_rest(void **state)
{
    static const struct {
        size_t piece;
    } rows[] = {{1}, {3}, {7}, {8}, {9}, {16}, {17}, {1000}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char all[1000];
        struct output o;

        for (size_t k = 0; k < sizeof(all); k++)
            all[k] = (char)('a' + k % 26);
        output_init(&o, 8);
        for (size_t at = 0; at < sizeof(all); at += rows[i].piece) {
            size_t left = sizeof(all) - at;

            output_add(&o, all + at, left < rows[i].piece ? left : rows[i].piece);
        }
        AUTO_FREE char *text = output_text(&o);
        AUTO_FREE char *tail = xmemdup0(all + sizeof(all) - 8, 8);
        AUTO_FREE char *should = xasprintf("abcdefgh\n... 984 bytes left out ...\n%s", tail);
        assert_string_equal(text, should);
        output_release(&o);
    }
}

static void output_text__is_valid_utf8_whatever_was_written(void **state)
{
    static const char bytes[] = "ok \xff\xfe\xc3 \0 \xe2\x82";
    struct output o;

    (void)state;
    output_init(&o, 64);
    output_add(&o, bytes, sizeof(bytes) - 1);
    AUTO_FREE char *text = output_text(&o);
    assert_true(js_is_utf8(text, strlen(text)));
    assert_memory_equal(text, "ok ", 3);
    assert_true(strlen(text) > 9); /* the NUL did not end it */
    output_release(&o);
}

static void output_text__of_nothing_is_empty(void **state)
{
    struct output o;

    (void)state;
    output_init(&o, 64);
    output_add(&o, "", 0);
    AUTO_FREE char *text = output_text(&o);
    assert_string_equal(text, "");
    output_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_text__keeps_everything_that_fits),
        cmocka_unit_test(output_text__keeps_head_and_tail_and_counts_the_rest),
        cmocka_unit_test(output_text__is_valid_utf8_whatever_was_written),
        cmocka_unit_test(output_text__of_nothing_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
