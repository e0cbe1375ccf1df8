#include "vdo/json/schema.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *schema;
    const char *value;
    const char *message; /* NULL: fits */
};

#define PLAN                                                                        \
    "{\"type\":\"object\",\"required\":[\"tasks\"],\"additionalProperties\":false," \
    "\"properties\":{\"tasks\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,"  \
    "\"items\":{\"type\":\"object\",\"properties\":{\"files\":{\"type\":\"array\"," \
    "\"items\":{\"type\":\"string\"}}}}},\"risk\":{\"enum\":[\"low\",\"high\"]}}}"

static const struct row rows[] = {
    {"{}", "{\"anything\":1}", NULL},
    {"true", "5", NULL},
    {PLAN, "{\"tasks\":[{\"files\":[\"a\"]}]}", NULL},
    {PLAN, "{\"tasks\":[{}],\"risk\":\"low\"}", NULL},
    {PLAN, "{\"tasks\":[{\"files\":\"a\"}]}", "tasks[0].files: expected array, got string"},
    {PLAN, "{\"tasks\":[{},{\"files\":[\"a\",3]}]}",
     "tasks[1].files[1]: expected string, got integer"},
    {PLAN, "{}", "the whole answer: member \"tasks\" is missing"},
    {PLAN, "{\"tasks\":[{}],\"x\":1}", "the whole answer: member \"x\" is not allowed"},
    {PLAN, "{\"tasks\":[]}", "tasks: has 0 items, at least 1 are needed"},
    {PLAN, "{\"tasks\":[{},{},{}]}", "tasks: has 3 items, at most 2 are allowed"},
    {PLAN, "{\"tasks\":[{}],\"risk\":\"none\"}", "risk: must be one of [\"low\",\"high\"]"},
    {PLAN, "[]", "the whole answer: expected object, got array"},
    {"{\"type\":[\"string\",\"null\"]}", "null", NULL},
    {"{\"type\":[\"string\",\"null\"]}", "\"x\"", NULL},
    {"{\"type\":[\"string\",\"null\"]}", "1",
     "the whole answer: expected string or null, got integer"},
    {"{\"type\":\"integer\"}", "1.0", NULL},
    {"{\"type\":\"integer\"}", "1.5", "the whole answer: expected integer, got number"},
    {"{\"type\":\"number\"}", "1", NULL},
    {"{\"type\":\"boolean\"}", "0", "the whole answer: expected boolean, got integer"},
    {"{\"const\":\"a\"}", "\"a\"", NULL},
    {"{\"const\":\"a\"}", "\"b\"", "the whole answer: must be \"a\""},
    {"{\"minLength\":2,\"maxLength\":3}", "\"\xC3\xA9\xC3\xA9\xC3\xA9\"", NULL},
    {"{\"minLength\":2}", "\"\xC3\xA9\"", "has 1 characters, at least 2 are needed"},
    {"{\"maxLength\":1}", "\"ab\"", "has 2 characters, at most 1 are allowed"},
    {"{\"minimum\":1,\"maximum\":5}", "5", NULL},
    {"{\"minimum\":1}", "0.5", "must be at least 1"},
    {"{\"maximum\":5}", "6", "must be at most 5"},
    {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null", NULL},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{\"a\":{\"type\":"
     "\"string\"}}}]}",
     "{\"a\":1}", "a: expected string, got integer (none of 2 alternatives fits)"},
    {"{\"description\":\"x\",\"format\":\"date\",\"pattern\":\"^a\"}", "\"b\"", NULL},
};

static void schema_check__holds_for_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        json_auto_t *schema = NULL;
        json_auto_t *value = NULL;
        int rc;

        assert_int_equal(js_parse(rows[i].schema, strlen(rows[i].schema), &schema, NULL), 0);
        assert_int_equal(js_parse(rows[i].value, strlen(rows[i].value), &value, NULL), 0);
        rc = schema_check(schema, value, &err);
        if (rc != (rows[i].message ? VDO_E_INVALID : 0) ||
            (rows[i].message && !strstr(err.text, rows[i].message)))
            fail_msg("row %zu: rc %d: %s", i, rc, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_check__holds_for_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
