#include "../../../src/model/dialect.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"verdict\"],\"properties\":{"
    "\"verdict\":{\"type\":\"string\",\"enum\":[\"approve\",\"changes\"]},"
    "\"line\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"where\"},"
    "\"kind\":{\"enum\":[\"a\",\"b\"]},"
    "\"sub\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\"}}},"
    "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"y\":"
    "{\"type\":\"string\"}}}}}}";

static json_t *schema(void)
{
    json_t *value = NULL;

    assert_int_equal(js_parse(schema_text, strlen(schema_text), &value, NULL), 0);
    return value;
}

static void strict_form__closes_objects_and_requires_everything(void **state)
{
    json_auto_t *own = schema();
    json_auto_t *strict = dialect_strict(own);

    (void)state;
    assert_true(json_is_false(js_at(strict, "additionalProperties")));
    assert_int_equal(json_array_size(js_at(strict, "required")), 5);
    assert_string_equal(js_str(strict, "properties.verdict.type", ""), "string");
    assert_string_equal(js_str(strict, "properties.line.type.1", ""), "null");
    assert_string_equal(js_str(strict, "properties.line.description", ""), "where; minimum: 1");
    assert_null(js_at(strict, "properties.line.minimum"));
    assert_string_equal(js_str(strict, "properties.kind.anyOf.1.type", ""), "null");
    assert_true(json_is_false(js_at(strict, "properties.list.items.additionalProperties")));
    assert_string_equal(js_str(strict, "properties.list.items.properties.y.type.0", ""), "string");
}

static void answer__is_found_in_what_models_write_around_it(void **state)
{
    static const char *const texts[] = {
        "{\"verdict\":\"approve\"}",
        "  {\"verdict\":\"approve\"}\n",
        "```json\n{\"verdict\":\"approve\"}\n```",
        "Here it is:\n```\n{\"verdict\":\"approve\"}\n```\nDone.",
        "Sure! {\"verdict\":\"approve\"} Anything else?",
        "{\"verdict\":\"approve\",\"line\":null,\"kind\":null,\"sub\":null,\"list\":null}",
        "{\"verdict\":\"approve\",\"sub\":{\"x\":null},\"list\":[{\"y\":null}]}",
    };
    json_auto_t *own = schema();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_auto_t *out = NULL;
        struct err err = {0};

        assert_int_equal(dialect_read(own, texts[i], &out, &err), 0);
        assert_string_equal(js_str(out, "verdict", ""), "approve");
        assert_null(js_at(out, "line"));
        assert_null(js_at(out, "sub.x"));
    }
}

static void answer__that_does_not_fit_is_refused_in_words(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "not JSON"},
        {"I cannot do that.", "not JSON"},
        {"{\"verdict\":", "not JSON"},
        {"{\"verdict\":\"maybe\"}", "verdict"},
        {"{}", "verdict"},
        {"[1]", "object"},
        {"{\"verdict\":null}", "verdict"}, /* a required null is no answer */
        {"{\"verdict\":\"approve\",\"line\":0}", "line"},
    };
    json_auto_t *own = schema();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *out = NULL;
        struct err err = {0};

        assert_int_equal(dialect_read(own, cases[i].text, &out, &err), VDO_E_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_null(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_form__closes_objects_and_requires_everything),
        cmocka_unit_test(answer__is_found_in_what_models_write_around_it),
        cmocka_unit_test(answer__that_does_not_fit_is_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
