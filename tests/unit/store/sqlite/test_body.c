#include "../../../../src/store/sqlite/body.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "{\"url\":\"https://example.com/a\",\"html\":\"https://example.com/a\","
                           "\"api\":\"https://example.com/a\",\"x\":\"https://example.com/a\"}";

static void body_pack__makes_repetitive_text_smaller_and_back(void **state)
{
    size_t len;
    size_t raw_len;
    size_t back_len = 0;
    AUTO_FREE char *packed = body_pack(text, sizeof(text) - 1, &len, &raw_len);
    AUTO_FREE char *back = NULL;

    (void)state;
    assert_true(len < sizeof(text) - 1);
    assert_int_equal(raw_len, sizeof(text) - 1);
    assert_true(body_unpack(packed, len, raw_len, &back, &back_len));
    assert_int_equal(back_len, sizeof(text) - 1);
    assert_string_equal(back, text);
}

static void body_pack__leaves_what_does_not_shrink(void **state)
{
    static const char *const bodies[] = {"", "x", "{}", "0123456789abcdef"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        size_t len;
        size_t raw_len = 9;
        size_t back_len = 0;
        AUTO_FREE char *packed = body_pack(bodies[i], strlen(bodies[i]), &len, &raw_len);
        AUTO_FREE char *back = NULL;

        assert_int_equal(raw_len, 0);
        assert_int_equal(len, strlen(bodies[i]));
        assert_true(body_unpack(packed, len, raw_len, &back, &back_len));
        assert_string_equal(back, bodies[i]);
        assert_int_equal(back_len, len);
    }
}

static void body_unpack__refuses_damage(void **state)
{
    size_t len;
    size_t raw_len;
    size_t back_len = 77;
    AUTO_FREE char *packed = body_pack(text, sizeof(text) - 1, &len, &raw_len);
    char *back = NULL;

    (void)state;
    assert_false(body_unpack(packed, len - 3, raw_len, &back, &back_len));
    assert_false(body_unpack(packed, len, raw_len + 1, &back, &back_len));
    assert_false(body_unpack(packed, len, raw_len - 1, &back, &back_len));
    assert_false(body_unpack(packed, len, len, &back, &back_len));
    assert_false(body_unpack(packed, len, VDO_MAX_WEBHOOK_BODY + 1, &back, &back_len));
    assert_false(body_unpack("", 0, 10, &back, &back_len));
    for (size_t i = 0; i < len; i++) {
        AUTO_FREE char *damaged = xmemdup0(packed, len);
        char *got = NULL;

        /* A changed letter can go unseen; what must hold is that nothing is read or written beyond
         * the ends, and that the length is as said. */
        damaged[i] = (char)(damaged[i] ^ 0xff);
        if (body_unpack(damaged, len, raw_len, &got, &back_len))
            assert_int_equal(back_len, raw_len);
        free(got);
    }
    assert_null(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_pack__makes_repetitive_text_smaller_and_back),
        cmocka_unit_test(body_pack__leaves_what_does_not_shrink),
        cmocka_unit_test(body_unpack__refuses_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
