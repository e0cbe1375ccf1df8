#include "vdo/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void utf8_decode__reads_each_size_at_its_edges(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint32_t point;
    } rows[] = {
        {"a", 1, 'a'},
        {"\x7f", 1, 0x7F},
        {"\xC2\x80", 2, 0x80},
        {"\xDF\xBF", 2, 0x7FF},
        {"\xE0\xA0\x80", 3, 0x800},
        {"\xED\x9F\xBF", 3, 0xD7FF},
        {"\xEE\x80\x80", 3, 0xE000},
        {"\xEF\xBF\xBF", 3, 0xFFFF},
        {"\xF0\x90\x80\x80", 4, 0x10000},
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t point = 0;
        AUTO_STRBUF sb = {0};

        assert_int_equal(utf8_decode(rows[i].bytes, strlen(rows[i].bytes), &point), rows[i].size);
        assert_int_equal(point, rows[i].point);
        strbuf_init(&sb, 8);
        assert_int_equal(utf8_add(&sb, point), 0);
        assert_string_equal(sb.ptr, rows[i].bytes);
    }
}

static void utf8_decode__refuses_what_is_not_utf8(void **state)
{
    static const char *const rows[] = {
        "\x80",             /* a continuation alone */
        "\xC0\xAF",         /* overlong */
        "\xC1\xBF",         /* overlong */
        "\xE0\x9F\xBF",     /* overlong */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",     /* a surrogate */
        "\xF4\x90\x80\x80", /* past U+10FFFF */
        "\xF5\x80\x80\x80", /* no such lead */
        "\xC3",             /* cut short */
        "\xE2\x82",         /* cut short */
        "\xE2\x28\xA1",     /* broken in the middle */
        "\xFF",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t point = 42;

        assert_int_equal(utf8_decode(rows[i], strlen(rows[i]), &point), 0);
        assert_int_equal(point, 42);
        assert_false(utf8_is_valid(rows[i], strlen(rows[i])));
    }
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_decode__reads_each_size_at_its_edges),
        cmocka_unit_test(utf8_decode__refuses_what_is_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
