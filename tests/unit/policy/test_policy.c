#include "vdo/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_least_permission_is_asked_for(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(policy_may_command("write", FORGE_WRITE, NULL), 0);
    assert_int_equal(policy_may_command("write", FORGE_ADMIN, NULL), 0);
    assert_int_equal(policy_may_command("triage", FORGE_TRIAGE, NULL), 0);
    assert_int_equal(policy_may_command("write", FORGE_TRIAGE, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "needs permission write"));
    assert_int_equal(policy_may_command("read", FORGE_NONE, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_command("owner", FORGE_ADMIN, NULL), VDO_E_INVALID);
}

static void we_and_bots_and_organizations_are_not_heard(void **state)
{
    char login[] = "vdo[bot]";
    struct forge_identity us = {.id = 9, .login = login, .app_id = 42};

    (void)state;
    assert_int_equal(policy_may_speak(&us, 1, "octocat", "User", 0, NULL), 0);
    assert_int_equal(policy_may_speak(&us, 9, "renamed", "User", 0, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_speak(&us, 3, "vdo[bot]", "User", 0, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_speak(&us, 1, "octocat", "User", 42, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_speak(&us, 1, "x[bot]", "Bot", 0, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_speak(&us, 1, "acme", "Organization", 0, NULL), VDO_E_REFUSED);
    assert_int_equal(policy_may_speak(&us, 0, "", "", 0, NULL), VDO_E_REFUSED);
}

static struct repo_config *repo(const char *text)
{
    struct repo_config *config = NULL;

    assert_int_equal(repo_config_parse(text, text ? strlen(text) : 0, &config, NULL, NULL), 0);
    return config;
}

static void plans_need_a_person_as_the_repository_says(void **state)
{
    static const char *const files[] = {"src/a.c", "db/migrations/1.sql"};
    static const struct {
        const char *config;
        const char *risk;
        size_t n_files;
        bool needs;
    } rows[] = {
        {NULL, "high", 2, false},
        {"approval: {plan: auto}\n", "high", 2, false},
        {"approval: {plan: supervised}\n", "low", 2, false},
        {"approval: {plan: supervised}\n", "medium", 2, true},
        {"approval: {plan: human}\n", "low", 1, true},
        {"approval: {plan: auto, paths: {\"db/migrations/**\": human}}\n", "low", 1, false},
        {"approval: {plan: auto, paths: {\"db/migrations/**\": human}}\n", "low", 2, true},
        {"approval: {plan: auto, paths: {\"db/migrations/**\": auto}}\n", "low", 2, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct repo_config *config = repo(rows[i].config);
        char why[200] = "";

        assert_int_equal(policy_plan_needs_person(config, rows[i].risk, files, rows[i].n_files, why,
                                                  sizeof(why)),
                         rows[i].needs);
        assert_int_equal(why[0] != '\0', rows[i].needs);
        repo_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_permission_is_asked_for),
        cmocka_unit_test(we_and_bots_and_organizations_are_not_heard),
        cmocka_unit_test(plans_need_a_person_as_the_repository_says),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
