#include "vdo/json/json.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parsed(const char *text)
{
    json_t *value = NULL;
    struct err err = {0};

    if (js_parse(text, strlen(text), &value, &err))
        fail_msg("%s: %s", text, err.text);
    return value;
}

static void js_parse__takes_any_type_at_the_top(void **state)
{
    static const char *const rows[] = {"{}",   "[]",   "\"a\"",  "12",
                                       "-1.5", "null", " true ", "{\"a\":\"\\u0000\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        json_decref(parsed(rows[i]));
}

static void js_parse__names_the_place_of_an_error(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "line 1 column 0"},
        {"{\"a\":1,\n \"a\":2}", "line 2 column 4: duplicate object key"},
        {"{} x", "line 1 column 4: end of file expected"},
        {"[1,]", "line 1 column 4"},
        {"\"\xFF\"", "unable to decode byte 0xff"},
        {"\"\xED\xA0\x80\"", "unable to decode byte"},
        {"\"\\ud800\"", "invalid Unicode"},
        {"123456789012345678901234567890", "too big integer"},
        {"1e999", "real number overflow"},
        {"[\"\n\"]", "unexpected newline"},
        {"{a:1}", "line 1"},
        {"NaN", "line 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *value = NULL;
        struct err err = {0};

        assert_int_equal(js_parse(rows[i].text, strlen(rows[i].text), &value, &err), VDO_E_INVALID);
        assert_null(value);
        if (!strstr(err.text, rows[i].message) || strchr(err.text, '\n'))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static char *nested(size_t depth)
{
    char *text = xmalloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void js_parse__stops_at_the_depth_limit(void **state)
{
    AUTO_FREE char *deepest = nested(VDO_MAX_JSON_DEPTH);
    AUTO_FREE char *deeper = nested(VDO_MAX_JSON_DEPTH + 1);
    AUTO_FREE char *bomb = nested(1000000);
    json_t *value = NULL;
    struct err err = {0};

    (void)state;
    json_decref(parsed(deepest));
    assert_int_equal(js_parse(deeper, strlen(deeper), &value, &err), VDO_E_INVALID);
    assert_string_equal(err.text, "line 1: nested deeper than 64 levels");
    assert_int_equal(js_parse(bomb, strlen(bomb), &value, NULL), VDO_E_INVALID);
}

static void js_parse__does_not_count_brackets_in_strings(void **state)
{
    AUTO_FREE char *brackets = nested(100);
    AUTO_FREE char *text = xasprintf("[\"\\\"%s\"]", brackets);

    (void)state;
    json_decref(parsed(text));
}

static void js_parse__refuses_too_many_bytes(void **state)
{
    json_t *value = NULL;

    (void)state;
    assert_int_equal(js_parse("", VDO_MAX_JSON_BYTES + 1, &value, NULL), VDO_E_TOO_LARGE);
}

static void getters__walk_objects_and_arrays(void **state)
{
    json_auto_t *v = parsed("{\"a\":{\"b\":[{\"c\":\"x\"},7,true,1.5]},\"n\":null,\"2\":\"two\"}");

    (void)state;
    assert_string_equal(js_str(v, "a.b.0.c", "-"), "x");
    assert_int_equal(js_int(v, "a.b.1", -1), 7);
    assert_true(js_bool(v, "a.b.2", false));
    assert_true(js_num(v, "a.b.3", 0) == 1.5);
    assert_true(js_num(v, "a.b.1", 0) == 7.0);
    assert_string_equal(js_str(v, "2", "-"), "two");
    assert_ptr_equal(js_at(v, ""), v);
}

static void getters__fall_back_on_missing_null_and_other_types(void **state)
{
    json_auto_t *v = parsed("{\"a\":{\"b\":[1]},\"n\":null,\"s\":\"x\"}");

    (void)state;
    assert_string_equal(js_str(v, "n", "-"), "-");
    assert_string_equal(js_str(v, "n.deeper", "-"), "-");
    assert_string_equal(js_str(v, "a", "-"), "-");
    assert_null(js_str(v, "missing", NULL));
    assert_int_equal(js_int(v, "s", -1), -1);
    assert_int_equal(js_int(v, "a.b.1", -1), -1);
    assert_int_equal(js_int(v, "a.b.x", -1), -1);
    assert_int_equal(js_int(v, "a.b.99999999999999999999", -1), -1);
    assert_true(js_bool(v, "s", true));
    assert_string_equal(js_str(NULL, "a", "-"), "-");
    assert_string_equal(js_str(v, "s.x", "-"), "-");
}

static void js_dump__sorts_keys_and_leaves_out_blanks(void **state)
{
    json_auto_t *v = parsed("{ \"b\" : [ 1, 2 ], \"a\" : \"\\u00e9\" }");
    json_auto_t *s = parsed("\"x\"");
    AUTO_FREE char *compact = js_dump(v);
    AUTO_FREE char *pretty = js_dump_pretty(v);
    AUTO_FREE char *scalar = js_dump(s);

    (void)state;
    assert_string_equal(compact, "{\"a\":\"\xC3\xA9\",\"b\":[1,2]}");
    assert_string_equal(pretty, "{\n  \"a\": \"\xC3\xA9\",\n  \"b\": [\n    1,\n    2\n  ]\n}");
    assert_string_equal(scalar, "\"x\"");
}

static void js_string_lossy__replaces_what_is_not_text(void **state)
{
    json_auto_t *v = js_string_lossy("a\xFF\0b\xE2\x82", 6);
    json_auto_t *empty = js_string_lossy(NULL, 0);
    json_auto_t *emoji = js_string_lossy("\xF0\x9F\x99\x82", 4);

    (void)state;
    assert_string_equal(json_string_value(v), "a\xEF\xBF\xBD\xEF\xBF\xBD"
                                              "b\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_string_equal(json_string_value(empty), "");
    assert_string_equal(json_string_value(emoji), "\xF0\x9F\x99\x82");
}

static void js_write__writes_what_jansson_writes(void **state)
{
    static const char *const rows[] = {
        "{}",
        "[]",
        "\"\"",
        "null",
        "[true,false,null,-1,0,9223372036854775807,1.5,1e300,-0.0]",
        "{\"b\":[{\"a\":{}},[[]]],\"a\":\"x\",\"\\u0001\\\"\":1}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0000end\"",
        "[\"Gr\xC3\xBC\xC3\x9F\x65\", \"\xE4\xBD\xA0\xF0\x9F\x98\x80\", \"\\ud83d\\ude00\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *value = parsed(rows[i]);
        AUTO_FREE char *wanted = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        AUTO_STRBUF out = {0};

        strbuf_init(&out, 4096);
        assert_int_equal(js_write(value, NULL, NULL, &out), 0);
        assert_string_equal(out.ptr, wanted);
    }
}

static const char *shout(void *arg, const char *text, size_t *io_len)
{
    ++*(int *)arg;
    if (*io_len != 1)
        return text;
    *io_len = 3;
    return "\"A\n";
}

static void js_write__lets_strings_be_replaced_but_not_keys(void **state)
{
    json_auto_t *value = parsed("{\"a\":\"a\",\"b\":[\"bb\",\"b\",1]}");
    AUTO_STRBUF out = {0};
    int called = 0;

    (void)state;
    strbuf_init(&out, 4096);
    assert_int_equal(js_write(value, shout, &called, &out), 0);
    assert_string_equal(out.ptr, "{\"a\":\"\\\"A\\n\",\"b\":[\"bb\",\"\\\"A\\n\",1]}");
    assert_int_equal(called, 3);
}

static void js_write__refuses_what_is_too_large_or_too_deep(void **state)
{
    json_auto_t *value = parsed("[\"abcdefgh\"]");
    json_t *deep = json_array();
    AUTO_STRBUF out = {0};

    (void)state;
    strbuf_init(&out, 11);
    assert_int_equal(js_write(value, NULL, NULL, &out), VDO_E_TOO_LARGE);
    strbuf_release(&out);
    strbuf_init(&out, 12);
    assert_int_equal(js_write(value, NULL, NULL, &out), 0);
    for (int i = 0; i < 2 * VDO_MAX_JSON_DEPTH + 2; i++)
        deep = json_pack("[o]", deep);
    strbuf_release(&out);
    strbuf_init(&out, 4096);
    assert_int_equal(js_write(deep, NULL, NULL, &out), VDO_E_INVALID);
    json_decref(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(js_write__writes_what_jansson_writes),
        cmocka_unit_test(js_write__lets_strings_be_replaced_but_not_keys),
        cmocka_unit_test(js_write__refuses_what_is_too_large_or_too_deep),
        cmocka_unit_test(js_parse__takes_any_type_at_the_top),
        cmocka_unit_test(js_parse__names_the_place_of_an_error),
        cmocka_unit_test(js_parse__stops_at_the_depth_limit),
        cmocka_unit_test(js_parse__does_not_count_brackets_in_strings),
        cmocka_unit_test(js_parse__refuses_too_many_bytes),
        cmocka_unit_test(getters__walk_objects_and_arrays),
        cmocka_unit_test(getters__fall_back_on_missing_null_and_other_types),
        cmocka_unit_test(js_dump__sorts_keys_and_leaves_out_blanks),
        cmocka_unit_test(js_string_lossy__replaces_what_is_not_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
