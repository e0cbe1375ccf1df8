#include "vdo/config/yaml.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct yaml_doc *read_text(const char *text)
{
    struct yaml_doc *doc = NULL;
    struct err err = {0};

    if (yaml_read("t.yml", text, strlen(text), &doc, &err))
        fail_msg("%s", err.text);
    return doc;
}

static void yaml_read__gives_json(void **state)
{
    static const struct {
        const char *yaml;
        const char *json;
    } rows[] = {
        {"", "null"},
        {"# only a comment\n", "null"},
        {"\xEF\xBB\xBF"
         "a: 1",
         "{\"a\":1}"},
        {"---\na: 1\n", "{\"a\":1}"},
        {"a: {b: [1, -2, 1.5, true, null, ~, x]}",
         "{\"a\":{\"b\":[1,-2,1.5,true,null,null,\"x\"]}}"},
        {"a:\n  - b: \"1\"\n  - 'true'\n", "{\"a\":[{\"b\":\"1\"},\"true\"]}"},
        {"[yes, no, on, off, True, 0x10, 1_000, 1.2.3, .5, '', 12:30]",
         "[\"yes\",\"no\",\"on\",\"off\",\"True\",\"0x10\",\"1_000\",\"1.2.3\",0.5,\"\",\"12:30\"]"},
        {"[123456789012345678901234567890, 1e999, -, ., .e5]",
         "[\"123456789012345678901234567890\",\"1e999\",\"-\",\".\",\".e5\"]"},
        {"a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}"},
        {"a:\nb:\n", "{\"a\":null,\"b\":null}"},
        {"\"a b\": \"\\u00e9\"", "{\"a b\":\"\xC3\xA9\"}"},
        {"{\"json\": [\"works\", 1]}", "{\"json\":[\"works\",1]}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct yaml_doc *doc = read_text(rows[i].yaml);
        AUTO_FREE char *json = json_dumps(yaml_doc_value(doc),
                                          JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(5));

        assert_string_equal(json, rows[i].json);
        yaml_doc_free(doc);
    }
}

static void yaml_read__names_the_place_of_an_error(void **state)
{
    static const struct {
        const char *yaml;
        const char *message;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n", "t.yml:3:1: a: duplicate key (first on line 1)"},
        {"s:\n  x: 1\n  x: 2\n", "t.yml:3:3: s.x: duplicate key (first on line 2)"},
        {"a: &x 1\n", "t.yml:1:4: a: anchors are not allowed: &x"},
        {"a: *x\n", "t.yml:1:4: a: aliases are not allowed: *x"},
        {"&x a: 1\n", "anchors are not allowed"},
        {"a: !!str 1\n", "t.yml:1:4: a: tags are not allowed: tag:yaml.org,2002:str"},
        {"a: !!map {b: 1}\n", "tags are not allowed"},
        {"a: 1\n---\nb: 1\n", "t.yml:2:1: only one document is allowed in a file"},
        {"%YAML 1.1\n---\na: 1\n", "directives are not allowed"},
        {"a: [1, 2\n", "syntax error"},
        {"a: b: c\n", "t.yml:1:5: syntax error: mapping values are not allowed"},
        {"\ta: 1\n", "syntax error"},
        {"a: \"\xFF\"\n", "t.yml:1:5: not UTF-8: byte 0xff"},
        {"a: b\nc: \x01\n", "t.yml:2:4: syntax error: control characters are not allowed"},
        {"a: \"x\\0y\"\n", "t.yml:1:4: a: a text cannot hold a NUL character"},
        {"? [a, b]\n: 1\n", "a key must be a text"},
        {"\"\": 1\n", "a key cannot be empty"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct yaml_doc *doc = NULL;
        struct err err = {0};

        assert_int_equal(yaml_read("t.yml", rows[i].yaml, strlen(rows[i].yaml), &doc, &err),
                         VDO_E_INVALID);
        assert_null(doc);
        if (!strstr(err.text, rows[i].message))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void yaml_read__stops_at_its_limits(void **state)
{
    char deep[2 * (VDO_MAX_YAML_DEPTH + 1) + 1] = {0};
    AUTO_FREE char *bomb = xmalloc(VDO_MAX_YAML_BYTES + 2);
    struct yaml_doc *doc = NULL;
    struct err err = {0};

    (void)state;
    memset(deep, '[', VDO_MAX_YAML_DEPTH);
    memset(deep + VDO_MAX_YAML_DEPTH, ']', VDO_MAX_YAML_DEPTH);
    yaml_doc_free(read_text(deep));

    memset(bomb, '[', VDO_MAX_YAML_BYTES + 1);
    assert_int_equal(yaml_read("t.yml", bomb, VDO_MAX_YAML_BYTES, &doc, &err), VDO_E_TOO_LARGE);
    assert_string_equal(err.text, "t.yml:1:17: nested deeper than 16 levels");
    assert_int_equal(yaml_read("t.yml", bomb, VDO_MAX_YAML_BYTES + 1, &doc, NULL), VDO_E_TOO_LARGE);
    for (size_t i = 0; i < VDO_MAX_YAML_BYTES; i++)
        bomb[i] = i % 2 ? ' ' : '-';
    assert_int_equal(yaml_read("t.yml", bomb, VDO_MAX_YAML_BYTES, &doc, NULL), VDO_E_TOO_LARGE);
    for (size_t i = 0; i < VDO_MAX_YAML_BYTES; i++)
        bomb[i] = i % 2 ? ':' : '{';
    assert_int_not_equal(yaml_read("t.yml", bomb, VDO_MAX_YAML_BYTES, &doc, NULL), 0);
}

static void yaml_doc_place__finds_values_and_keys(void **state)
{
    struct yaml_doc *doc = read_text("a: 1\ns:\n  list:\n    - {run: 0.10}\n");
    int line;
    int column;

    (void)state;
    yaml_doc_place(doc, "s.list.0.run", 0, &line, &column);
    assert_int_equal(line, 4);
    assert_int_equal(column, 13);
    yaml_doc_place(doc, "s.list.0.run", 1, &line, &column);
    assert_int_equal(column, 8);
    yaml_doc_place(doc, "s.list", 1, &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 3);
    yaml_doc_place(doc, "nothing", 0, &line, &column);
    assert_int_equal(line, 0);
    assert_int_equal(column, 0);
    assert_string_equal(yaml_doc_text(doc, "s.list.0.run"), "0.10");
    assert_null(yaml_doc_text(doc, "s.list"));
    yaml_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_read__gives_json),
        cmocka_unit_test(yaml_read__names_the_place_of_an_error),
        cmocka_unit_test(yaml_read__stops_at_its_limits),
        cmocka_unit_test(yaml_doc_place__finds_values_and_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
