#include "vdo/base/image_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void image_name_is_valid__takes_references_and_no_options(void **state)
{
    static const char *const good[] = {"debian", "localhost/a_b-c:1.2",
                                       "r.example:5000/x@sha256:0f"};
    static const char *const bad[] = {"",    "-v",  "--privileged", ".a",  "/a",  ":1",
                                      "a b", "a,b", "a\n",          "a$b", "a;b", "a=b"};
    char longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(image_name_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (image_name_is_valid(bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
    }
    memset(longest, 'a', sizeof(longest));
    longest[255] = '\0';
    assert_true(image_name_is_valid(longest));
    longest[255] = 'a';
    longest[256] = '\0';
    assert_false(image_name_is_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_name_is_valid__takes_references_and_no_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
