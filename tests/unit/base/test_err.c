#include "vdo/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void err_set__keeps_the_first_failure(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(err_set(&err, VDO_E_IO, "read %s", "a"), VDO_E_IO);
    assert_int_equal(err_set(&err, VDO_E_REFUSED, "second"), VDO_E_REFUSED);
    assert_int_equal(err.code, VDO_E_IO);
    assert_string_equal(err.text, "read a");
}

static void err_set__works_without_a_struct(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, VDO_E_IO, "read %s", "a"), VDO_E_IO);
    assert_int_equal(err_wrap(NULL, "x"), VDO_OK);
    err_clear(NULL);
}

static void err_wrap__puts_context_in_front(void **state)
{
    struct err err = {0};

    (void)state;
    (void)err_set(&err, VDO_E_TEMPORARY, "HTTP 502");
    assert_int_equal(err_wrap(&err, "fetch PR %d", 7), VDO_E_TEMPORARY);
    assert_int_equal(err_wrap(&err, "job %s", "j1"), VDO_E_TEMPORARY);
    assert_string_equal(err.text, "job j1: fetch PR 7: HTTP 502");
}

static void err_texts__are_cut_at_their_size(void **state)
{
    struct err err = {0};
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)err_set(&err, VDO_E_IO, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    (void)err_wrap(&err, "front");
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_memory_equal(err.text, "front: xxx", 10);
    (void)err_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void err_clear__makes_it_usable_again(void **state)
{
    struct err err = {0};

    (void)state;
    (void)err_set(&err, VDO_E_IO, "one");
    err_clear(&err);
    assert_string_equal(err.text, "");
    (void)err_set(&err, VDO_E_LIMIT, "two");
    assert_int_equal(err.code, VDO_E_LIMIT);
    assert_string_equal(err.text, "two");
}

static void vdo_code_name__names_every_code(void **state)
{
    (void)state;
    for (int code = VDO_E_LIMIT; code <= VDO_OK; code++)
        assert_string_not_equal(vdo_code_name((enum vdo_code)code), "unknown");
    assert_string_equal(vdo_code_name(VDO_E_TOO_LARGE), "too_large");
    assert_string_equal(vdo_code_name((enum vdo_code) - 99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_set__keeps_the_first_failure),
        cmocka_unit_test(err_set__works_without_a_struct),
        cmocka_unit_test(err_wrap__puts_context_in_front),
        cmocka_unit_test(err_texts__are_cut_at_their_size),
        cmocka_unit_test(err_clear__makes_it_usable_again),
        cmocka_unit_test(vdo_code_name__names_every_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
