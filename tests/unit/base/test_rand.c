#include "vdo/base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void rand_id__is_a_letter_and_eleven_of_crockfords_digits(void **state)
{
    char first[RAND_ID_SIZE];
    char id[RAND_ID_SIZE];

    (void)state;
    (void)rand_id(first);
    for (int i = 0; i < 2000; i++) {
        assert_ptr_equal(rand_id(id), id);
        assert_int_equal(strlen(id), 12);
        assert_int_equal(strspn(id, "0123456789abcdefghjkmnpqrstvwxyz"), 12);
        assert_true(id[0] >= 'a');
        assert_string_not_equal(id, first);
    }
}

static void rand_below__reaches_every_value_and_never_the_bound(void **state)
{
    int seen[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint32_t value = rand_below(7);

        assert_true(value < 7);
        seen[value]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 700, 1300);
    assert_int_equal(rand_below(1), 0);
}

static void rand_bytes__differ_each_time(void **state)
{
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};

    (void)state;
    rand_bytes(a, sizeof(a));
    rand_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    rand_bytes(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rand_id__is_a_letter_and_eleven_of_crockfords_digits),
        cmocka_unit_test(rand_below__reaches_every_value_and_never_the_bound),
        cmocka_unit_test(rand_bytes__differ_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
