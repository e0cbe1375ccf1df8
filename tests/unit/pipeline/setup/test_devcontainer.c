#include "../../../../src/pipeline/setup/devcontainer.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void devcontainer_image__is_read_from_json_with_comments(void **state)
{
    static const struct {
        const char *text;
        const char *image;
    } rows[] = {
        {"{\"image\": \"registry.example/base:1\"}", "registry.example/base:1"},
        {"// a comment\n{ /* \"image\": \"no\" */ \"image\": \"a/b@sha256:0f\", }",
         "a/b@sha256:0f"},
        {"{\"image\": \"a\", \"l\": [1, 2, /* x */ ], // end\n}", "a"},
        {"{\"name\": \"// no, */ \\\" comment,}\", \"image\": \"a\"}", "a"},
        {"{\"image\": \"--privileged\"}", NULL},
        {"{\"image\": \"a b\"}", NULL},
        {"{\"image\": \"\"}", NULL},
        {"{\"image\": 7}", NULL},
        {"{\"build\": {\"dockerfile\": \"Dockerfile\"}}", NULL},
        {"[\"image\"]", NULL},
        {"{\"image\": \"a\"", NULL},
        {"/* never closed", NULL},
        {"{\"image\": \"a\\", NULL},
        {"/", NULL},
        {",", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].text);
        AUTO_FREE char *exact = xmemdup0(rows[i].text, len);
        AUTO_FREE char *image = devcontainer_image(exact, len);

        if (!rows[i].image != !image || (image && strcmp(image, rows[i].image) != 0))
            fail_msg("row %zu: %s", i, image ? image : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devcontainer_image__is_read_from_json_with_comments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
