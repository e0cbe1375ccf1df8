#include "vdo/config/repo_config.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct repo_config *parsed(const char *text)
{
    struct repo_config *config = NULL;
    struct err err = {0};

    if (repo_config_parse(text, text ? strlen(text) : 0, &config, NULL, &err))
        fail_msg("%s", err.text);
    return config;
}

static void repo_config_parse__reads_the_example_of_the_interface(void **state)
{
    struct repo_config *c = parsed(
        "instructions: [AGENTS.md]\n"
        "setup: [\"npm ci\"]\n"
        "setup_network: full\n"
        "checks:\n"
        "  - {name: tests, run: \"make check\", timeout_s: 600}\n"
        "  - {name: lint, run: \"make lint\"}\n"
        "protected: [\".github/workflows/**\", \"LICENSE\"]\n"
        "secrets: {allow: [\"tests/fixtures/**\"]}\n"
        "approval: {plan: supervised, paths: {\"db/migrations/**\": human, \"*.sql\": auto}}\n"
        "base: main\n"
        "draft: false\n"
        "roles: {reviewer: [openai]}\n"
        "limits: {job_usd: 2.5}\n");

    (void)state;
    assert_int_equal(c->n_instructions, 1);
    assert_string_equal(c->instructions[0], "AGENTS.md");
    assert_string_equal(c->setup[0], "npm ci");
    assert_string_equal(c->setup_network, "full");
    assert_int_equal(c->n_checks, 2);
    assert_string_equal(c->checks[0].run, "make check");
    assert_int_equal(c->checks[0].timeout_ms, 600000);
    assert_int_equal(c->checks[1].timeout_ms, 0);
    assert_int_equal(c->n_protect, 2);
    assert_string_equal(c->protect[1], "LICENSE");
    assert_int_equal(c->n_secrets_allow, 1);
    assert_string_equal(c->secrets_allow[0], "tests/fixtures/**");
    assert_string_equal(c->approval_plan, "supervised");
    assert_int_equal(c->n_approval_paths, 2);
    assert_string_equal(c->approval_paths[0].glob, "db/migrations/**");
    assert_string_equal(c->approval_paths[0].mode, "human");
    assert_string_equal(c->approval_paths[1].glob, "*.sql");
    assert_string_equal(c->base, "main");
    assert_int_equal(c->draft, 0);
    assert_int_equal(c->role[ROLE_REVIEWER].n, 1);
    assert_int_equal(c->role[ROLE_BUILDER].n, 0);
    assert_true(c->limits.job_microusd == 2500000);
    repo_config_free(c);
}

static void repo_config_parse__gives_the_defaults_for_no_file_and_an_empty_one(void **state)
{
    static const char *const texts[] = {NULL, "", "# nothing\n", "checks: []\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct repo_config *c = parsed(texts[i]);

        assert_int_equal(c->n_checks, 0);
        assert_null(c->setup_network);
        assert_int_equal(c->n_allow, 0);
        assert_string_equal(c->approval_plan, "auto");
        assert_int_equal(c->draft, -1);
        assert_null(c->base);
        assert_true(c->limits.job_microusd == 0);
        repo_config_free(c);
    }
    repo_config_free(NULL);
}

static void repo_config_parse__never_reads_the_environment_or_files(void **state)
{
    struct repo_config *c;

    (void)state;
    (void)setenv("T_REPO", "leaked", 1);
    c = parsed("setup: [\"echo ${T_REPO}\", \"file:/etc/hostname\"]\n");
    assert_string_equal(c->setup[0], "echo ${T_REPO}");
    assert_string_equal(c->setup[1], "file:/etc/hostname");
    repo_config_free(c);
}

static void repo_config_parse__names_what_is_wrong(void **state)
{
    static const struct {
        const char *yaml;
        const char *message;
    } rows[] = {
        {"check: []\n", ".github/vdo.yml:1:1: check: unknown key (nearest known key: checks)\n"},
        {"checks: {a: b}\n", "checks: expected a list of mappings"},
        {"checks: [make]\n", "checks.0: expected a mapping of keys"},
        {"checks:\n  - run: make\n", ".github/vdo.yml:2:5: checks.0.name: is missing"},
        {"checks: [{name: a, run: b, timeot_s: 1}]\n",
         "checks.0.timeot_s: unknown key (nearest known key: checks.0.timeout_s)"},
        {"checks: [{name: a, run: b}, {name: a, run: c}]\n", "\"a\" names two checks"},
        {"checks: [{name: a, run: [b]}]\n", "checks.0.run: expected text, got a list"},
        {"setup: make\n", "setup: expected a list of texts, got text: make"},
        {"setup: [1]\n", "setup.0: expected text (put it in quotes), got an integer"},
        {"setup_network: host\n", "expected one of: none full"},
        {"setup_network: full\nallow: [a.example.org]\n",
         ".github/vdo.yml:1:1: setup_network: cannot stand beside allow"},
        {"allow: a.example.org\n", "allow: expected a list of texts"},
        {"allow: [\"https://a.example.org/x\"]\n",
         ".github/vdo.yml:1:9: allow.0: expected a host such as registry.example.org, without "
         "scheme"},
        {"allow: [a.example.org, \"*\"]\n", "allow.1: a star stands only in front"},
        {"allow: [\"*.org\"]\n", "allow.0: a star needs two names"},
        {"allow: [\"a.example.org:0\"]\n", "allow.0: expected HOST, HOST:PORT"},
        {"allow: [\"127.1:80\"]\n", "allow.0: expected HOST, HOST:PORT"},
        {"protected: [\"/etc\"]\n", "expected a path inside the repository"},
        {"secrets: {allow: [\"../x\"]}\n", "expected a path inside the repository"},
        {"secrets: {alow: [x]}\n", "nearest known key: secrets.allow"},
        {"instructions: [\"../x\"]\n", "expected a path inside the repository"},
        {"approval: {plan: maybe}\n", "expected one of: auto supervised human"},
        {"approval: {paths: {\"a/**\": never}}\n",
         "approval.paths.a/**: expected one of: auto supervised human"},
        {"approval: {paths: [a]}\n", "approval.paths: expected a mapping"},
        {"base: \"a..b\"\n", "is not the name of a branch"},
        {"base: -x\n", "is not the name of a branch"},
        {"draft: maybe\n", "expected true or false"},
        {"limits: {job_usd: 0}\n", "limits.job_usd: must be above 0"},
        {"limits: {day_usd: 1}\n", "unknown key"},
        {"providers: {}\n", "unknown key"},
        {"a: &x 1\n", "anchors are not allowed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct repo_config *config = NULL;
        AUTO_STRBUF errors = {0};

        strbuf_init(&errors, 10000);
        if (repo_config_parse(rows[i].yaml, strlen(rows[i].yaml), &config, &errors, NULL) !=
                VDO_E_INVALID ||
            config || !strstr(errors.ptr, rows[i].message))
            fail_msg("row %zu: %s", i, errors.ptr);
    }
}

static void repo_config_parse__takes_64_hosts_and_no_more(void **state)
{
    struct repo_config *config;

    (void)state;
    for (int n = 64; n <= 65; n++) {
        AUTO_STRBUF text = {0};
        AUTO_STRBUF errors = {0};

        strbuf_init(&text, 10000);
        strbuf_init(&errors, 10000);
        (void)strbuf_adds(&text, "allow:\n");
        for (int i = 0; i < n; i++)
            (void)strbuf_addf(&text, "  - h%d.example.org:8443\n", i);
        config = NULL;
        assert_int_equal(repo_config_parse(text.ptr, text.len, &config, &errors, NULL),
                         n == 64 ? VDO_OK : VDO_E_INVALID);
        if (n == 65)
            assert_non_null(strstr(errors.ptr, "allow: "));
        else
            assert_string_equal(config->allow[63], "h63.example.org:8443");
        repo_config_free(config);
    }
}

static void repo_config_clamp__lowers_and_never_raises(void **state)
{
    struct config_limits ours = {.job_microusd = 5000000,
                                 .day_microusd = 7,
                                 .job_minutes = 60,
                                 .job_turns = 120,
                                 .job_output_tokens = 400000,
                                 .fix_rounds = 3,
                                 .review_rounds = 0};
    struct repo_config *c = parsed("limits: {job_usd: 9, job_minutes: 10, job_turns: 9999, "
                                   "job_output_tokens: 1000, fix_rounds: 1, review_rounds: 5}\n");
    struct config_limits out;

    (void)state;
    repo_config_clamp(&ours, c, &out);
    assert_true(out.job_microusd == 5000000);
    assert_true(out.day_microusd == 7);
    assert_int_equal(out.job_minutes, 10);
    assert_int_equal(out.job_turns, 120);
    assert_int_equal(out.job_output_tokens, 1000);
    assert_int_equal(out.fix_rounds, 1);
    assert_int_equal(out.review_rounds, 0);
    ours.job_microusd = 0;
    repo_config_clamp(&ours, c, &out);
    assert_true(out.job_microusd == 9000000);
    repo_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repo_config_parse__reads_the_example_of_the_interface),
        cmocka_unit_test(repo_config_parse__gives_the_defaults_for_no_file_and_an_empty_one),
        cmocka_unit_test(repo_config_parse__never_reads_the_environment_or_files),
        cmocka_unit_test(repo_config_parse__names_what_is_wrong),
        cmocka_unit_test(repo_config_parse__takes_64_hosts_and_no_more),
        cmocka_unit_test(repo_config_clamp__lowers_and_never_raises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
