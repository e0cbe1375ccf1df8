#include "vdo/base/secret.h"
#include "vdo/forge/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *event, const char *body, struct forge_event *out, struct err *err)
{
    return forge_event_parse(event, body, strlen(body), out, err);
}

static void an_issues_event_gives_its_facts(void **state)
{
    static const char body[] =
        "{\"action\":\"labeled\",\"label\":{\"name\":\"vdo\"},\"issue\":{\"id\":9,\"number\":7,\"title\":\"T\",\"body\":null,"
        "\"state\":\"open\",\"user\":null,\"labels\":[{\"name\":\"vdo\"},{\"name\":null}]},"
        "\"repository\":{\"id\":5,\"full_name\":\"a/b\"},\"sender\":{\"login\":\"o\",\"id\":1,\"type\":\"User\"},"
        "\"installation\":{\"id\":777}}";
    struct forge_event event = {0};

    (void)state;
    assert_int_equal(parse("issues", body, &event, NULL), 0);
    assert_string_equal(event.action, "labeled");
    assert_string_equal(event.label, "vdo");
    assert_int_equal(event.issue, 7);
    assert_int_equal(event.repo_id, 5);
    assert_int_equal(event.installation_id, 777);
    assert_string_equal(event.body, "");
    assert_string_equal(event.author, "");
    assert_int_equal(event.n_labels, 1);
    assert_true(event.issue_open);
    assert_false(event.is_pull);
    forge_event_release(&event);
}

static void a_comment_on_a_pull_request_is_known_as_such(void **state)
{
    static const char body[] =
        "{\"action\":\"created\",\"issue\":{\"number\":3,\"pull_request\":{}},"
        "\"comment\":{\"id\":4,\"body\":\"/vdo status\",\"performed_via_github_app\":{\"id\":42}}}";
    struct forge_event event = {0};

    (void)state;
    assert_int_equal(parse("issue_comment", body, &event, NULL), 0);
    assert_true(event.is_pull);
    assert_int_equal(event.comment_id, 4);
    assert_int_equal(event.via_app_id, 42);
    forge_event_release(&event);
}

static void a_body_that_does_not_fit_its_event_is_refused(void **state)
{
    static const struct {
        const char *event;
        const char *body;
    } rows[] = {
        {"push", "{\"action\":\"labeled\",\"issue\":{\"number\":1}}"},
        {"issues", "{\"action\":\"created\",\"issue\":{\"number\":1},\"comment\":{}}"},
        {"issues", "{\"action\":\"labeled\"}"},
        {"issues", "{\"action\":\"labeled\",\"issue\":null}"},
        {"issue_comment", "{\"action\":\"created\",\"issue\":{\"number\":1}}"},
        {"pull_request",
         "{\"action\":\"submitted\",\"pull_request\":{},\"number\":1,\"review\":{}}"},
        {"ping", "{\"action\":\"opened\",\"zen\":\"x\"}"},
        {"installation", "{\"action\":\"added\",\"installation\":{},\"repositories_added\":[]}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_event event = {0};
        struct err err = {0};

        assert_int_equal(parse(rows[i].event, rows[i].body, &event, &err), VDO_E_REFUSED);
        assert_non_null(strstr(err.text, "disagree"));
    }
}

static void nonsense_is_invalid(void **state)
{
    static const char *const rows[] = {
        "", "x", "[1]", "\"text\"", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{}{}"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_event event = {0};

        assert_int_equal(parse("issues", rows[i], &event, NULL), VDO_E_INVALID);
    }
    assert_int_equal(forge_event_parse("issues", NULL, 0, &(struct forge_event){0}, NULL),
                     VDO_E_INVALID);
}

static void an_unknown_event_still_names_its_repository(void **state)
{
    struct forge_event event = {0};

    (void)state;
    assert_int_equal(parse("gollum", "{\"repository\":{\"full_name\":\"a/b\"}}", &event, NULL),
                     VDO_E_NOT_FOUND);
    assert_string_equal(event.repo, "a/b");
    forge_event_release(&event);
}

/* GitHub, "Validating webhook deliveries": secret, payload and signature of its example. */
static void webhook_verify__accepts_the_documented_example(void **state)
{
    static const char header[] =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    struct secret secrets[2] = {0};
    size_t which = 9;

    (void)state;
    secret_set(&secrets[0], "another secret", 14);
    secret_set(&secrets[1], "It's a Secret to Everybody", 26);
    assert_true(webhook_verify(secrets, 2, header, "Hello, World!", 13, &which));
    assert_int_equal(which, 1);
    assert_false(webhook_verify(secrets, 1, header, "Hello, World!", 13, NULL));
    assert_false(webhook_verify(secrets, 2, header, "Hello, World?", 13, NULL));
    assert_false(webhook_verify(secrets, 0, header, "Hello, World!", 13, NULL));
    secret_release(&secrets[0]);
    secret_release(&secrets[1]);
}

static void webhook_verify__refuses_malformed_headers(void **state)
{
    static const char *const rows[] = {
        NULL,
        "",
        "sha256=",
        "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e177",
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g",
    };
    struct secret secret = {0};

    (void)state;
    secret_set(&secret, "It's a Secret to Everybody", 26);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_false(webhook_verify(&secret, 1, rows[i], "Hello, World!", 13, NULL));
    secret_release(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_issues_event_gives_its_facts),
        cmocka_unit_test(a_comment_on_a_pull_request_is_known_as_such),
        cmocka_unit_test(a_body_that_does_not_fit_its_event_is_refused),
        cmocka_unit_test(nonsense_is_invalid),
        cmocka_unit_test(an_unknown_event_still_names_its_repository),
        cmocka_unit_test(webhook_verify__accepts_the_documented_example),
        cmocka_unit_test(webhook_verify__refuses_malformed_headers),
    };

    return cmocka_run_group_tests_name("forge/event", tests, NULL, NULL);
}
