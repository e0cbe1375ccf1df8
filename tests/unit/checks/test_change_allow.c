/* Secrets that a repository allows, and those in binary files. */
#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made up; in pieces, so that this file holds no token itself. */
#define TOKEN \
    "gh"      \
    "p_"      \
    "a8Xk2mQ9vT4nB7cL1pZ6wE3rY5uI0oHsJdFg"
#define KEY_BODY "a8Xk2mQ9vT4nB7cL1pZ6wE3rY5uI0oHsJdFgKq9xVb4Nt7Wm"
#define OWN      "correct horse battery"

static bool holds_old(void *arg, const char *line, size_t len)
{
    size_t *asked = arg;

    if (asked)
        ++*asked;
    return memmem(line, len, "old = ", 6) != NULL;
}

static json_t *look_at(const char *path, const char *line, const struct change_allow *allow)
{
    AUTO_FREE char *diff =
        xasprintf("+++ b/%s\n@@ -1,2 +1,3 @@\n context\n+%s\n more\n", path, line);
    json_t *secrets = change_secrets_new();

    change_secrets_diff(secrets, diff, strlen(diff), allow);
    return secrets;
}

static void a_path_or_a_line_of_the_base_allows_a_secret(void **state)
{
    static char globs[][32] = {"tests/fixtures/**", "*.golden"};
    static char *const list[] = {globs[0], globs[1]};
    static const struct {
        const char *path;
        const char *line;
        bool allowed;
        const char *note; /* a part of it */
    } rows[] = {
        {"tests/fixtures/a.txt", "x = " TOKEN, true, "path"},
        {"lib/deep/b.golden", "x = " TOKEN, true, "path"},
        {"src/fixtures/a.txt", "x = " TOKEN, false, ""},
        {"src/a.py", "old = \"" TOKEN "\"  # vdo:allow-secret", true, "marked"},
        {"src/a.py", "old = \"" TOKEN "\"  # gitleaks:allow", true, "marked"},
        {"src/a.py", "old = \"" TOKEN "\"  # pragma: allowlist secret", true, "marked"},
        {"src/a.py", "new = \"" TOKEN "\"  # vdo:allow-secret", false, "a line of the base"},
        {"src/a.py", "old = \"" TOKEN "\"  # allow", false, ""},
        {"src/a.py", "old = \"" OWN "\"  # vdo:allow-secret", false, "own values"},
        {"tests/fixtures/a.txt", "x = " OWN, false, ""},
    };
    struct secret own = {0};
    const struct change_allow allow = {.globs = list, .n_globs = 2, .at_base = holds_old};

    (void)state;
    secret_set(&own, OWN, strlen(OWN));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *secrets = look_at(rows[i].path, rows[i].line, &allow);
        const json_t *list_of = js_at(secrets, rows[i].allowed ? "allowed" : "found");
        const json_t *other = js_at(secrets, rows[i].allowed ? "found" : "allowed");

        if (json_array_size(list_of) != 1 || json_array_size(other) != 0 ||
            !strstr(js_str(list_of, "0.note", ""), rows[i].note))
            fail_msg("row %zu: %s", i, js_dump(secrets));
        if (!*rows[i].note)
            assert_string_equal(js_str(list_of, "0.note", "?"), "");
    }
    secret_release(&own);
}

static void the_base_is_asked_for_marked_secrets_only(void **state)
{
    size_t asked = 0;
    const struct change_allow allow = {.at_base = holds_old, .arg = &asked};
    json_auto_t *plain = look_at("a.py", "old = \"" TOKEN "\"", &allow);
    json_auto_t *harmless = look_at("a.py", "old = 3 # vdo:allow-secret", &allow);

    (void)state;
    assert_int_equal(asked, 0);
    assert_int_equal(json_array_size(js_at(plain, "found")), 1);
    assert_int_equal(json_array_size(js_at(harmless, "found")), 0);
}

static void a_key_is_allowed_by_the_line_in_which_it_begins(void **state)
{
#define KEY(mark)                                                                              \
    "+++ b/id\n@@ -0,0 +1,3 @@\n+" mark "-----BEGIN OPENSSH PRIVATE KEY-----\n+" KEY_BODY "\n" \
    "+-----END OPENSSH PRIVATE KEY-----\n"
    static const char old[] = KEY("old = gitleaks:allow ");
    static const char fresh[] = KEY("gitleaks:allow ");
    const struct change_allow allow = {.at_base = holds_old};
    json_auto_t *of_base = change_secrets_new();
    json_auto_t *of_change = change_secrets_new();

    (void)state;
    change_secrets_diff(of_base, old, sizeof(old) - 1, &allow);
    change_secrets_diff(of_change, fresh, sizeof(fresh) - 1, &allow);
    assert_string_equal(js_str(of_base, "allowed.0.kind", ""), "private key");
    assert_int_equal(json_array_size(js_at(of_base, "found")), 0);
    assert_string_equal(js_str(of_change, "found.0.place", ""), "id:1");
}

static json_t *binary(const char *before, size_t before_len, const char *after, size_t after_len)
{
    static const struct change_allow nothing = {0};
    json_t *secrets = change_secrets_new();

    change_secrets_binary(secrets, "a.bin", before, before_len, after, after_len, &nothing);
    return secrets;
}

static void a_binary_file_is_searched_and_the_byte_told(void **state)
{
    static const char token[] = "\x00\x01\xff" TOKEN "\x00tail";
    static const char key[] = "\x00\x02-----BEGIN RSA PRIVATE KEY-----\r\n" KEY_BODY "\r\n";
    static const char own[] = "\x7f\x00\x00\x00\x00" OWN;
    static const char none[] = "\x00\x01gh"
                               "p_short\x00-----BEGIN RSA PRIVATE KEY-----\x00";
    struct secret secret = {0};

    (void)state;
    secret_set(&secret, OWN, strlen(OWN));
    json_auto_t *a = binary(NULL, 0, token, sizeof(token) - 1);
    json_auto_t *b = binary(NULL, 0, key, sizeof(key) - 1);
    json_auto_t *c = binary(NULL, 0, own, sizeof(own) - 1);
    json_auto_t *d = binary(NULL, 0, none, sizeof(none) - 1);
    AUTO_FREE char *text = js_dump(a);

    assert_string_equal(js_str(a, "found.0.place", ""), "a.bin, byte 3");
    assert_string_equal(js_str(a, "found.0.kind", ""), "GitHub token");
    assert_int_equal(js_int(a, "found.0.byte", -1), 3);
    assert_null(strstr(text, "a8Xk2mQ9"));
    assert_string_equal(js_str(b, "found.0.kind", ""), "private key");
    assert_string_equal(js_str(b, "found.0.place", ""), "a.bin, byte 2");
    assert_string_equal(js_str(c, "found.0.place", ""), "a.bin, byte 5");
    assert_non_null(strstr(js_str(c, "found.0.kind", ""), "own configuration"));
    assert_int_equal(json_array_size(js_at(d, "found")), 0);
    secret_release(&secret);
}

static void what_a_binary_file_held_before_is_not_of_the_change(void **state)
{
    static const char before[] = "\x00" TOKEN "\x00";
    static const char moved[] = "\x00\x00\x00more" TOKEN "\x00";

    (void)state;
    json_auto_t *same = binary(before, sizeof(before) - 1, moved, sizeof(moved) - 1);
    json_auto_t *fresh = binary("", 0, moved, sizeof(moved) - 1);

    assert_int_equal(json_array_size(js_at(same, "found")), 0);
    assert_int_equal(json_array_size(js_at(fresh, "found")), 1);
}

static void a_secret_in_utf_16_is_found(void **state)
{
    static const char text[] = "key = " TOKEN "\r\n";
    enum { N = sizeof(text) - 1 };
    char little[2 + 2 * N] = "\xff\xfe";
    char big[2 + 2 * N] = "\xfe\xff";

    (void)state;
    for (size_t i = 0; i < N; i++) {
        little[2 + 2 * i] = big[3 + 2 * i] = text[i];
        little[3 + 2 * i] = big[2 + 2 * i] = '\0';
    }
    json_auto_t *a = binary(NULL, 0, little, sizeof(little));
    json_auto_t *b = binary(NULL, 0, big, sizeof(big));

    assert_string_equal(js_str(a, "found.0.place", ""), "a.bin, byte 14");
    assert_string_equal(js_str(b, "found.0.place", ""), "a.bin, byte 14");
}

static void findings_in_a_binary_file_are_capped(void **state)
{
    enum { MANY = 3 * CHANGE_MAX_FINDINGS, EACH = sizeof(TOKEN) };
    AUTO_FREE char *bytes = xmalloc((size_t)MANY * EACH);

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        memcpy(bytes + i * EACH, TOKEN, EACH);
    json_auto_t *secrets = binary(NULL, 0, bytes, (size_t)MANY * EACH);

    assert_int_equal(json_array_size(js_at(secrets, "found")), CHANGE_MAX_FINDINGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_or_a_line_of_the_base_allows_a_secret),
        cmocka_unit_test(the_base_is_asked_for_marked_secrets_only),
        cmocka_unit_test(a_key_is_allowed_by_the_line_in_which_it_begins),
        cmocka_unit_test(a_binary_file_is_searched_and_the_byte_told),
        cmocka_unit_test(what_a_binary_file_held_before_is_not_of_the_change),
        cmocka_unit_test(a_secret_in_utf_16_is_found),
        cmocka_unit_test(findings_in_a_binary_file_are_capped),
    };

    return cmocka_run_group_tests_name("checks/change_allow", tests, NULL, NULL);
}
