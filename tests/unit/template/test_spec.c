/* The public Mustache specification: tests/fixtures/mustache-spec. */
#include "vdo/template/template.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *load_partial(void *arg, const char *name)
{
    return xstrdup_or_null(js_str(arg, name, NULL));
}

static void assert_case(const char *file, const json_t *test)
{
    AUTO_STRBUF out = {0};
    struct err err = {0};
    int rc;

    strbuf_init(&out, VDO_MAX_TEMPLATE_OUT);
    rc =
        template_render(js_str(test, "template", NULL), json_object_get(test, "data"),
                        TEMPLATE_HTML, load_partial, json_object_get(test, "partials"), &out, &err);
    if (rc || strcmp(out.ptr, js_str(test, "expected", "")) != 0)
        fail_msg("%s: %s: %s: \"%s\"", file, js_str(test, "name", "?"), err.text, out.ptr);
}

static void template_render__does_as_the_mustache_specification_says(void **state)
{
    static const struct {
        const char *name;
        size_t tests;
    } files[] = {
        {"comments", 12}, {"interpolation", 42}, {"sections", 34},
        {"inverted", 22}, {"partials", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        AUTO_FREE char *path = xasprintf("tests/fixtures/mustache-spec/%s.json", files[i].name);
        AUTO_FREE char *bytes = NULL;
        json_auto_t *spec = NULL;
        struct err err = {0};
        const json_t *test;
        size_t len;
        size_t j;

        if (fs_read_file(path, VDO_MIB, &bytes, &len, &err) || js_parse(bytes, len, &spec, &err))
            fail_msg("%s (the tests run from the top of the tree)", err.text);
        assert_int_equal(json_array_size(json_object_get(spec, "tests")), files[i].tests);
        json_array_foreach (json_object_get(spec, "tests"), j, test)
            assert_case(files[i].name, test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_render__does_as_the_mustache_specification_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
