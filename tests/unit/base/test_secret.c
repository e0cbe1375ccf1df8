#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TAIL "0123456789abcdefghijABCDEFGHIJ"

static void redact_text__hides_what_has_the_shape_of_a_token(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"ghp_" TAIL, "[redacted]"},
        {"gho_" TAIL " ghu_" TAIL " ghs_" TAIL " ghr_" TAIL,
         "[redacted] [redacted] [redacted] [redacted]"},
        {"token=github_pat_11ABC_" TAIL ";", "token=[redacted];"},
        {"https://x-access-token:ghs_" TAIL "@github.com/",
         "https://x-access-token:[redacted]@github.com/"},
        {"x-api-key: sk-ant-api03-" TAIL "\n", "x-api-key: [redacted]\n"},
        {"Bearer sk-proj-" TAIL, "Bearer [redacted]"},
        {"Bearer sk-or-v1-" TAIL, "Bearer [redacted]"},
        {"sk-" TAIL, "[redacted]"},
        {"AKIAIOSFODNN7EXAMPLE", "[redacted]"},
        {"key=AIzaSyA-" TAIL, "key=[redacted]"},
        {"glpat-" TAIL, "[redacted]"},
        {"xoxb-123456789-abc xoxp-123456789-abc", "[redacted] [redacted]"},
        {"//registry/:_authToken=npm_" TAIL, "//registry/:_authToken=[redacted]"},
        {"jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjEyMzQ1fQ.c2lnbmF0dXJlLXNpZw end",
         "jwt [redacted] end"},
        /* as JSON and shells write it */
        {"{\"t\":\"a\\nghp_" TAIL "\"}", "{\"t\":\"a\\n[redacted]\"}"},
        {"{\"t\":\"a\\nsk-" TAIL "\"}", "{\"t\":\"a\\n[redacted]\"}"},
        {"GITHUB_TOKEN_ghp_" TAIL, "GITHUB_TOKEN_[redacted]"},
        {"my-ghp_" TAIL, "my-[redacted]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *is = redact_dup(rows[i].text);

        assert_string_equal(is, rows[i].shown);
    }
}

static void redact_text__leaves_ordinary_text_alone(void **state)
{
    static const char *const rows[] = {
        "",
        "ghp_short",
        "the ghp_ prefix",
        "a task-force of risk-averse disk-bound desk-jobs-and-more-and-more-words",
        "eyJ is how a JWT begins",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----",
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        "npm_config_registry npm_lifecycle_event",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *is = redact_dup(rows[i]);

        assert_string_equal(is, rows[i]);
    }
}

static void redact_text__hides_private_keys_whole(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb",
         "a\n[redacted]\nb"},
        {"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "[redacted]"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "[redacted]"}, /* cut off: the rest goes */
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\\nMIIE\\n-----END ENCRYPTED PRIVATE KEY-----x",
         "[redacted]x"},
        {"-----BEGIN EC PRIVATE KEY-----\n1\n-----END EC PRIVATE KEY-----\n"
         "-----BEGIN EC PRIVATE KEY-----\n2\n-----END EC PRIVATE KEY-----",
         "[redacted]\n[redacted]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *is = redact_dup(rows[i].text);

        assert_string_equal(is, rows[i].shown);
    }
}

static void redact_text__hides_values_that_were_set(void **state)
{
    struct secret secret = {0};
    AUTO_FREE char *before = redact_dup("my hunter2hunter2 value");
    char *after;

    (void)state;
    assert_string_equal(before, "my hunter2hunter2 value");
    secret_set(&secret, "hunter2hunter2", 14);
    after = redact_dup("my hunter2hunter2 value, xhunter2hunter2x, hunter2hunter2hunter2hunter2");
    assert_string_equal(after, "my [redacted] value, x[redacted]x, [redacted][redacted]");
    free(after);
    secret_release(&secret);
    after = redact_dup("still hunter2hunter2");
    assert_string_equal(after, "still [redacted]");
    free(after);
}

static void redact_text__hides_the_longer_of_two_known_values(void **state)
{
    struct secret a = {0};
    struct secret b = {0};

    (void)state;
    secret_set(&a, "correct-horse", 13);
    secret_set(&b, "correct-horse-battery-staple", 28);
    AUTO_FREE char *is = redact_dup("correct-horse-battery-staple correct-horse.");
    assert_string_equal(is, "[redacted] [redacted].");
    secret_release(&a);
    secret_release(&b);
}

static void redact_text__takes_bytes_with_nuls(void **state)
{
    static const char text[] = "a\0ghp_" TAIL "\0b";
    AUTO_STRBUF out = {0};

    (void)state;
    strbuf_init(&out, 1000);
    redact_text(text, sizeof(text) - 1, &out);
    assert_int_equal(out.len, 14);
    assert_memory_equal(out.ptr, "a\0[redacted]\0b", 14);
}

static void secret_set__does_not_hide_short_words(void **state)
{
    struct secret secret = {0};

    (void)state;
    secret_set(&secret, "main", 4); /* would hide half of every log */
    AUTO_FREE char *is = redact_dup("main branch");
    assert_string_equal(is, "main branch");
    secret_release(&secret);
}

static void secret__is_copied_replaced_and_released(void **state)
{
    struct secret a = {0};
    struct secret b = {0};

    (void)state;
    assert_false(secret_is_set(&a));
    assert_string_equal(secret_reveal(&a), "");
    secret_set(&a, "one-secret-value", 16);
    secret_copy(&b, &a);
    secret_set(&a, "another-secret-value", 20);
    assert_string_equal(secret_reveal(&b), "one-secret-value");
    assert_string_equal(secret_reveal(&a), "another-secret-value");
    secret_release(&a);
    assert_false(secret_is_set(&a));
    secret_copy(&b, &a);
    assert_false(secret_is_set(&b));
    secret_set(&b, "", 0);
    assert_false(secret_is_set(&b));
    secret_release(&b);
    secret_release(NULL);
}

static void secret_set__keeps_hiding_the_newest_when_there_are_many(void **state)
{
    struct secret secret = {0};
    char value[64] = "";

    (void)state;
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(value, sizeof(value), "installation-token-%06d", i);
        secret_set(&secret, value, strlen(value));
    }
    AUTO_FREE char *is = redact_dup(value);
    assert_string_equal(is, "[redacted]");
    secret_release(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redact_text__hides_what_has_the_shape_of_a_token),
        cmocka_unit_test(redact_text__leaves_ordinary_text_alone),
        cmocka_unit_test(redact_text__hides_private_keys_whole),
        cmocka_unit_test(redact_text__hides_values_that_were_set),
        cmocka_unit_test(redact_text__hides_the_longer_of_two_known_values),
        cmocka_unit_test(redact_text__takes_bytes_with_nuls),
        cmocka_unit_test(secret_set__does_not_hide_short_words),
        cmocka_unit_test(secret__is_copied_replaced_and_released),
        cmocka_unit_test(secret_set__keeps_hiding_the_newest_when_there_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
