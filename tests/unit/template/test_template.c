#include "vdo/template/template.h"

#include "vdo/base/assets.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *self(void *arg, const char *name)
{
    return strcmp(name, "missing") == 0 ? NULL : xstrdup(arg);
}

static int render(const char *text, const char *data, struct strbuf *out, struct err *err)
{
    json_auto_t *value = NULL;
    static char partial[] = "{{>p}}";

    assert_int_equal(js_parse(data, strlen(data), &value, NULL), 0);
    return template_render(text, value, TEMPLATE_PLAIN, self, partial, out, err);
}

static void template_render__fills_what_the_specification_leaves_open(void **state)
{
    static const struct {
        const char *text;
        const char *data;
        const char *out;
    } rows[] = {
        {"", "{}", ""},
        {"{{#n}}{{n}}{{/n}}", "{\"n\":0}", "0"},
        {"{{#s}}yes{{/s}}{{^s}}no{{/s}}", "{\"s\":\"\"}", "no"},
        {"{{o}} {{a}}", "{\"o\":{\"b\":1,\"a\":2},\"a\":[1,2]}", "{\"a\":2,\"b\":1} [1,2]"},
        {"{{t}} {{f}}", "{\"t\":true,\"f\":false}", "true false"},
        {"{{x}}", "{\"x\":0.1}", "0.1"},
        {"{{x}}", "{\"x\":12345678901234}", "12345678901234"},
        {"{{x}}", "{\"x\":1e300}", "1e+300"},
        {"a } b }} c { d", "{}", "a } b }} c { d"},
        {"{{#a}}\n  {{#b}}\n    {{c}}\n  {{/b}}\n{{/a}}\n", "{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]}}",
         "    1\n    2\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STRBUF out = {0};
        struct err err = {0};

        strbuf_init(&out, 1000);
        if (render(rows[i].text, rows[i].data, &out, &err))
            fail_msg("%s", err.text);
        assert_string_equal(out.ptr, rows[i].out);
    }
}

static void template_render__names_line_and_fault(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"a\nb\n{{#steps}}\nc", "line 3: section 'steps' is not closed"},
        {"{{#a}}{{#b}}{{/a}}{{/b}}", "line 1: 'a' is closed inside of 'b'"},
        {"a\n{{/a}}", "line 2: section 'a' is closed but was not open"},
        {"a\n\n{{name", "line 3: a tag is not closed"},
        {"{{{name}}", "line 1: a tag is not closed"},
        {"{{}}", "line 1: '' is not a name"},
        {"{{a b}}", "line 1: 'a b' is not a name"},
        {"{{a..b}}", "line 1: 'a..b' is not a name"},
        {"{{a.}}", "line 1: 'a.' is not a name"},
        {"{{=<% %>=}}", "line 1: set delimiters ({{=...=}}) are not supported"},
        {"\n{{<layout}}{{/layout}}", "line 2: parents ({{<name}}) are not supported"},
        {"{{$block}}{{/block}}", "line 1: blocks ({{$name}}) are not supported"},
        {"{{>*name}}", "line 1: dynamic names ({{>*name}}) are not supported"},
        {"{{>a b}}", "line 1: 'a b' is not a name"},
        {"{{#off}}{{/on}}{{/off}}", "line 1: 'on' is closed inside of 'off'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STRBUF out = {0};
        struct err err = {0};

        strbuf_init(&out, 1000);
        (void)strbuf_adds(&out, "kept");
        assert_int_equal(render(rows[i].text, "{}", &out, &err), VDO_E_INVALID);
        assert_string_equal(err.text, rows[i].message);
        assert_string_equal(out.ptr, "kept");
    }
}

static void template_render__stops_at_its_limits(void **state)
{
    AUTO_STRBUF deep = {0};
    AUTO_STRBUF out = {0};
    AUTO_STRBUF list = {0};
    struct err err = {0};

    (void)state;
    strbuf_init(&out, 100);
    assert_int_equal(render("{{>p}}", "{}", &out, &err), VDO_E_TOO_LARGE);
    assert_non_null(strstr(err.text, "sections and partials nest deeper than 32"));

    strbuf_init(&deep, 10000);
    for (int i = 0; i < VDO_MAX_TEMPLATE_DEPTH + 1; i++)
        (void)strbuf_adds(&deep, "{{#.}}");
    err_clear(&err);
    assert_int_equal(render(deep.ptr, "{\"a\":1}", &out, &err), VDO_E_TOO_LARGE);

    err_clear(&err);
    assert_int_equal(
        render("{{#l}}0123456789{{/l}}", "{\"l\":[1,2,3,4,5,6,7,8,9,10,11]}", &out, &err),
        VDO_E_TOO_LARGE);
    assert_string_equal(err.text, "the text is longer than 100 bytes");
    assert_string_equal(out.ptr, "");
    assert_false(strbuf_overflowed(&out));

    /* A loop in a loop in a loop that writes nothing. */
    strbuf_init(&list, 10000);
    (void)strbuf_adds(&list, "{\"l\":[1");
    for (int i = 0; i < 300; i++)
        (void)strbuf_adds(&list, ",1");
    (void)strbuf_adds(&list, "]}");
    err_clear(&err);
    assert_int_equal(render("{{#l}}{{#l}}{{#l}}{{x}}{{/l}}{{/l}}{{/l}}", list.ptr, &out, &err),
                     VDO_E_TOO_LARGE);
    assert_non_null(strstr(err.text, "more than 1000000 tags"));
}

static void template_render__takes_partials_only_from_a_loader(void **state)
{
    AUTO_STRBUF out = {0};
    struct err err = {0};

    (void)state;
    strbuf_init(&out, 100);
    assert_int_equal(render("a{{>missing}}b", "{}", &out, NULL), 0);
    assert_string_equal(out.ptr, "ab");
    assert_int_equal(template_render("\n{{>x}}", NULL, TEMPLATE_PLAIN, NULL, NULL, &out, &err),
                     VDO_E_INVALID);
    assert_string_equal(err.text, "line 2: partial 'x': there are none here");
}

static char *make_asset_dir(void)
{
    char *dir = xstrdup("/tmp/vdo-test-template-XXXXXX");
    AUTO_FREE char *templates = NULL;

    assert_non_null(mkdtemp(dir));
    templates = fs_join(dir, "templates/t");
    assert_int_equal(fs_make_dirs(templates, 0700, NULL), 0);
    return dir;
}

static void put_asset(const char *dir, const char *name, const char *text)
{
    AUTO_FREE char *path = xasprintf("%s/templates/t/%s", dir, name);

    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void template_render_asset__reads_partials_and_names_the_file(void **state)
{
    AUTO_FREE char *dir = make_asset_dir();
    json_auto_t *data = json_pack("{ss}", "x", "<");
    AUTO_STRBUF out = {0};
    struct err err = {0};

    (void)state;
    put_asset(dir, "main.md", "- {{>t/part.md}}\n");
    put_asset(dir, "part.md", "[{{x}}]");
    put_asset(dir, "broken.md", "\n{{#x}}");
    put_asset(dir, "lost.md", "{{>t/nowhere.md}}");
    put_asset(dir, "escape.md", "{{>../../etc/passwd}}");
    assets_override(dir);
    strbuf_init(&out, 100);
    assert_int_equal(template_render_asset("t/main.md", data, TEMPLATE_HTML, &out, &err), 0);
    assert_string_equal(out.ptr, "- [&lt;]\n");
    assert_int_equal(template_render_asset("t/broken.md", data, TEMPLATE_HTML, &out, &err),
                     VDO_E_INVALID);
    assert_string_equal(err.text, "templates/t/broken.md: line 2: section 'x' is not closed");
    err_clear(&err);
    assert_int_equal(template_render_asset("t/lost.md", data, TEMPLATE_HTML, &out, &err),
                     VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "templates/t/lost.md: templates/t/nowhere.md"));
    err_clear(&err);
    assert_int_equal(template_render_asset("t/escape.md", data, TEMPLATE_HTML, &out, &err),
                     VDO_E_INVALID);
    assert_int_equal(template_render_asset("t/none.md", data, TEMPLATE_HTML, &out, NULL),
                     VDO_E_NOT_FOUND);
    assert_string_equal(out.ptr, "- [&lt;]\n");
    assets_override(NULL);
    assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_render__fills_what_the_specification_leaves_open),
        cmocka_unit_test(template_render__names_line_and_fault),
        cmocka_unit_test(template_render__stops_at_its_limits),
        cmocka_unit_test(template_render__takes_partials_only_from_a_loader),
        cmocka_unit_test(template_render_asset__reads_partials_and_names_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
