#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Made up; in pieces, so that this file holds no token itself. */
#define R18 "a8Xk2mQ9vT4nB7cL1p"
#define R36 R18 "Z6wE3rY5uI0oHsJdFg"
#define R40 R36 "Kq9x"
#define R86 R36 R40 "Vb4Nt7Wm2Z"
#define U16 "Q7RX2KBD5MZ3WTYA"
#define H32 "9f1c7be04ad82356c0e7fb91d4a3582e"

/* What is found where nothing is allowed. */
static json_t *found_in(const char *diff, size_t len)
{
    static const struct change_allow nothing = {0};
    json_t *secrets = change_secrets_new();
    json_t *found = json_incref(json_object_get(secrets, "found"));

    change_secrets_diff(secrets, diff, len, &nothing);
    assert_int_equal(json_array_size(json_object_get(secrets, "allowed")), 0);
    json_decref(secrets);
    return found;
}

static json_t *secrets_in(const char *path, const char *line)
{
    AUTO_FREE char *diff = xasprintf("diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n"
                                     "@@ -1,2 +1,3 @@\n context\n+%s\n more\n",
                                     path, path, path, path, line);

    return found_in(diff, strlen(diff));
}

static void change_secrets__knows_published_forms(void **state)
{
    static const struct {
        const char *line;
        const char *kind;
    } rows[] = {
        {"token = \"gh"
         "p_" R36 "\"",
         "GitHub token"},
        {"gh"
         "s_1234_ey"
         "J0eXAi.ey"
         "J" R36 "." R36,
         "GitHub token"},
        {"x = 'github"
         "_pat_" R18 "Kq9x_" R40 R18 "z'",
         "GitHub token"},
        {"gl"
         "pat-" R18 "_x",
         "GitLab token"},
        {"aws_access_key_id = AK"
         "IA" U16,
         "AWS access key"},
        {"AI"
         "za" R36 "x",
         NULL}, /* one too long */
        {"key=AI"
         "za" R18 "Z6wE3rY5uI0oHsJdF",
         "Google API key"},
        {"AccountName=a;Account"
         "Key=" R86 "==;",
         "Azure storage key"},
        {"AZURE_CLIENT_SECRET: abc8Q"
         "~" R18 "Z6wE3rY5uI0oHs",
         "Microsoft Entra secret"},
        {"xo"
         "xb-719284650312-830192746513-" R18 "Z6wE3r",
         "Slack token"},
        {"sk"
         "_live_" R18 "Z6wE3rY5",
         "Stripe key"},
        {"//registry.example/:_authToken=np"
         "m_" R36,
         "npm token"},
        {"py"
         "pi-AgEIcHlwaS5vcmc" R86,
         "PyPI token"},
        {"sk"
         "-proj-" R40,
         "OpenAI key"},
        {"sk"
         "-" R18 "Z6T3"
         "BlbkFJ" R18 "Z6",
         "OpenAI key"},
        {"sk"
         "-ant-api03-" R86,
         "Anthropic key"},
        {"Bearer ey"
         "JhbGciOiJSUzI1NiJ9.ey"
         "JpcA" R18 "." R36,
         "JSON web token"},
        {"url: postgres://app:" R18 "@db.corp.net/app", "password in a URL"},
        {"API_TOKEN=" R36, "random value with a secret's name"},
        {"  password: '" R18 "!'", "random value with a secret's name"},
        {"\"client_secret\": \"" H32 "\",", "random value with a secret's name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *found = secrets_in("src/app.conf", rows[i].line);

        if (!rows[i].kind) {
            assert_int_equal(json_array_size(found), 0);
            continue;
        }
        if (json_array_size(found) != 1 || strcmp(js_str(found, "0.kind", ""), rows[i].kind) != 0)
            fail_msg("%s: %zu findings, %s", rows[i].line, json_array_size(found),
                     js_str(found, "0.kind", "(none)"));
        assert_string_equal(js_str(found, "0.path", ""), "src/app.conf");
        assert_int_equal(js_int(found, "0.line", 0), 2);
    }
}

static void change_secrets__leaves_placeholders_and_ordinary_lines_alone(void **state)
{
    static const char *const rows[] = {
        "token = \"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefghijABCDEFGHIJ0123456789",
        "token: ${GITHUB_TOKEN}",
        "password = os.environ[\"DB_PASSWORD_FOR_PRODUCTION_2\"]",
        "secret: {{ .Values.secret.name1234 }}",
        "password: changeme1234567890",
        "const tokenName = 'x-Amz-Security-Token-2019';",
        "token_count = max_tokens_per_request_42 + 17",
        "postgres://postgres:postgres@db.corp.net/x",
        "postgres://app:" R18 "@localhost/app",
        "https://user:password@www.corp.net/",
        "https://${USER}:${PASS}@www.corp.net/",
        "the sk-learn package and the task-list-of-all-the-things-that-are-left",
        "commit deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        "sha256: " H32 H32,
        "import { createTokenProvider2Factory3 } from './token-provider';",
        "api_key_path: /etc/Keys/" R18,
        "secretKeyRef = kubernetesSecretReference.Name1",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "if (strstr(line, \"-----BEGIN PRIVATE KEY-----\"))",
        "password = getpass.getpass(prompt1)",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *found = secrets_in("src/app.py", rows[i]);

        if (json_array_size(found))
            fail_msg("%s: %s", rows[i], js_str(found, "0.kind", ""));
    }
}

static void change_secrets__values_are_not_guessed_at_in_tests_and_lock_files(void **state)
{
    static const struct {
        const char *path;
        size_t found;
    } rows[] = {
        {"src/settings.py", 1},         {".env", 1},
        {"config/prod.yml", 1},         {"tests/test_login.py", 0},
        {"package-lock.json", 0},       {"src/login.test.js", 0},
        {"config/settings.example", 0}, {"docs/setup.md", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *guessed = secrets_in(rows[i].path, "API_TOKEN=" R36);
        json_auto_t *known = secrets_in(rows[i].path, "x gh"
                                                      "p_" R36);

        if (json_array_size(guessed) != rows[i].found)
            fail_msg("%s: %zu", rows[i].path, json_array_size(guessed));
        assert_int_equal(json_array_size(known), 1);
    }
}

static void change_secrets__a_private_key_is_one_with_its_body(void **state)
{
    static const char diff[] = "+++ b/id\n@@ -0,0 +1,3 @@\n"
                               "+-----BEGIN OPENSSH PRIVATE KEY-----\n"
                               "+" R40 R18 "\n"
                               "+-----END OPENSSH PRIVATE KEY-----\n";

    (void)state;
    json_auto_t *found = found_in(diff, sizeof(diff) - 1);
    json_auto_t *inside =
        secrets_in("a.json", "\"key\": \"-----BEGIN PRIVATE KEY-----\\n" R40 R18 "\\n");

    assert_int_equal(json_array_size(found), 1);
    assert_string_equal(js_str(found, "0.kind", ""), "private key");
    assert_int_equal(js_int(found, "0.line", 0), 1);
    assert_string_equal(js_str(inside, "0.kind", ""), "private key");
}

static void change_secrets__knows_what_this_service_was_configured_with(void **state)
{
    struct secret secret = {0};

    (void)state;
    secret_set(&secret, "correct horse battery", 21);
    json_auto_t *found = secrets_in("tests/a.txt", "say correct horse battery staple");

    assert_int_equal(json_array_size(found), 1);
    assert_non_null(strstr(js_str(found, "0.kind", ""), "own configuration"));
    secret_release(&secret);
}

static void change_secrets__only_added_lines_count_and_lines_are_of_the_new_file(void **state)
{
    static const char diff[] =
        "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
        "@@ -10,3 +20,4 @@ f\n keep\n-old gh"
        "p_" R36 "\n+++ b/not/a/path\n+gh"
        "p_" R36 "\n last\n"
        "\\ No newline at end of file\n"
        "diff --git \"a/\\303\\274.c\" \"b/\\303\\274.c\"\n--- /dev/null\n+++ \"b/\\303\\274.c\"\n"
        "@@ -0,0 +1 @@\n+gh"
        "p_" R36 "\n"
        "diff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-gh"
        "p_" R36 "\n";

    (void)state;
    json_auto_t *found = found_in(diff, sizeof(diff) - 1);

    assert_int_equal(json_array_size(found), 2);
    assert_string_equal(js_str(found, "0.path", ""), "a.c");
    assert_int_equal(js_int(found, "0.line", 0), 22);
    assert_string_equal(js_str(found, "1.path", ""), "\u00fc.c");
    assert_int_equal(js_int(found, "1.line", 0), 1);
}

static void change_secrets__findings_are_capped_and_never_repeat_the_secret(void **state)
{
    AUTO_STRBUF diff = {0};

    (void)state;
    strbuf_init(&diff, 100000);
    (void)strbuf_adds(&diff, "+++ b/a\n@@ -0,0 +1,200 @@\n");
    for (int i = 0; i < 200; i++)
        (void)strbuf_addf(&diff, "+gh"
                                 "p_" R36 "\n");
    json_auto_t *found = found_in(diff.ptr, diff.len);
    AUTO_FREE char *text = js_dump(found);

    assert_int_equal(json_array_size(found), CHANGE_MAX_FINDINGS);
    assert_null(strstr(text, R18));
}

static void change_secrets__bad_diffs_are_passed_over(void **state)
{
    static const char *const rows[] = {
        "",
        "+++ \n",
        "+++ b/a\n@@ -1 +1\n+x",
        "@@ -99999999999999999999 +1 @@\n+x\n",
        "+++ \"b/\\30\n@@ -0,0 +1 @@\n+x\n",
        "+++ b/a\n@@ -1,-5 +1,-7 @@\n+x\n",
        "+++ b/a\n@@",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *found = found_in(rows[i], strlen(rows[i]));

        assert_int_equal(json_array_size(found), 0);
    }
}

static void change_lost_licence__compares_the_heads(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        bool lost;
    } rows[] = {
        {"// SPDX-License-Identifier: MIT\nint a;\n", "int a;\n", true},
        {"// SPDX-License-Identifier: MIT\nint a;\n", "// SPDX-License-Identifier: MIT\nint b;\n",
         false},
        {"# Copyright (c) 2020 Ann\n# Licensed under the Apache License\n",
         "# Licensed under the Apache License\n", true},
        {"# Copyright 2020 Ann\n", "# Copyright 2020, 2024 Ann and Bob\n", false},
        {"/* Permission is hereby granted, free of charge */\n",
         "/* SPDX-License-Identifier: MIT */\n", false},
        {"int a;\n", "int b;\n", false},
        {"// Copyright 2020 Ann\n", "", false},
        {"copyright = 3\n", "x = 3\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (change_lost_licence(rows[i].before, rows[i].after) != rows[i].lost)
            fail_msg("%s to %s", rows[i].before, rows[i].after);
    }
}

static void change_lost_licence__looks_at_the_first_lines_only(void **state)
{
    AUTO_STRBUF text = {0};

    (void)state;
    strbuf_init(&text, 10000);
    for (int i = 0; i < 60; i++)
        (void)strbuf_adds(&text, "line\n");
    (void)strbuf_adds(&text, "SPDX-License-Identifier: MIT\n");
    assert_false(change_lost_licence(text.ptr, "x\n"));
    assert_true(change_lost_licence(text.ptr + 5, "x\n"));
}

static void change_sensitive__tells_why(void **state)
{
    static const struct {
        const char *path;
        const char *why; /* NULL: it is not */
    } rows[] = {
        {".github/workflows/ci.yml", "CI configuration"},
        {"Jenkinsfile", "CI configuration"},
        {"CODEOWNERS", "rules of review"},
        {".github/CODEOWNERS", "rules of review"},
        {".github/vdo.yml", "rules for this service"},
        {"AGENTS.md", "instructions to AI tools"},
        {"web/package-lock.json", "dependencies"},
        {"Cargo.toml", "dependencies"},
        {"requirements/dev.txt", "dependencies"},
        {".env.production", "credentials"},
        {"certs/server.key", "credentials"},
        {".npmrc", "package registries"},
        {"LICENSE", "licence"},
        {"docker/Dockerfile.prod", "deployment"},
        {"infra/main.tf", "deployment"},
        {"app/migrations/0003_users.py", "database migration"},
        {"src/auth/session.c", "authentication"},
        {"src/userAuth/form.ts", "authentication"},
        {"lib/OAuth2Client.py", NULL}, /* "OAuth2Client": no word by itself */
        {"lib/oauth2_client.py", "authentication"},
        {"app/models/permission.rb", "permissions"},
        {"src/crypto/hash.c", "cryptography"},
        {"src/billing.go", "payments"},
        {".husky/pre-commit", "git hooks"},
        {"src/author.c", NULL},
        {"docs/authentication.md", NULL},
        {"tests/test_login.py", NULL},
        {"src/main.c", NULL},
        {"README.md", NULL},
        {"src/keyboard.c", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = change_sensitive(rows[i].path);

        if ((why == NULL) != (rows[i].why == NULL) || (why && strcmp(why, rows[i].why) != 0))
            fail_msg("%s: %s", rows[i].path, why ? why : "(none)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_secrets__knows_published_forms),
        cmocka_unit_test(change_secrets__leaves_placeholders_and_ordinary_lines_alone),
        cmocka_unit_test(change_secrets__values_are_not_guessed_at_in_tests_and_lock_files),
        cmocka_unit_test(change_secrets__a_private_key_is_one_with_its_body),
        cmocka_unit_test(change_secrets__knows_what_this_service_was_configured_with),
        cmocka_unit_test(change_secrets__only_added_lines_count_and_lines_are_of_the_new_file),
        cmocka_unit_test(change_secrets__findings_are_capped_and_never_repeat_the_secret),
        cmocka_unit_test(change_secrets__bad_diffs_are_passed_over),
        cmocka_unit_test(change_lost_licence__compares_the_heads),
        cmocka_unit_test(change_lost_licence__looks_at_the_first_lines_only),
        cmocka_unit_test(change_sensitive__tells_why),
    };

    return cmocka_run_group_tests_name("checks/change", tests, NULL, NULL);
}
