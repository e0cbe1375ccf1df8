#include "vdo/config/config.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "0123456789abcdef"
#define LOCAL \
    "providers: {local: {api: openai-chat, base_url: \"http://127.0.0.1:1/v1/\", model: m}}\n"

static struct config *parsed_as(const char *text, enum config_need need)
{
    struct config *config = NULL;
    struct err err = {0};

    if (config_parse("vdo.yml", text, strlen(text), need, &config, NULL, &err))
        fail_msg("%s", err.text);
    return config;
}

static struct config *parsed(const char *text)
{
    return parsed_as(text, CONFIG_FOR_RUN);
}

/* The example of the interface page, word for word where a value matters. */
static const char whole[] =
    "server:\n"
    "  listen: 127.0.0.1:8420          # or unix:/run/vdo.sock, or systemd\n"
    "  public_url: http://127.0.0.1:8420/\n"
    "  webhook_path: /webhook\n"
    "data_dir: ./vdo-data\n"
    "store: sqlite:./vdo-data/vdo.db\n"
    "bus: memory\n"
    "workers: 4\n"
    "forge: github\n"
    "github:\n"
    "  api_url: https://api.github.com\n"
    "  git_url: https://github.com\n"
    "  app_id: 4242\n"
    "  private_key: file:/tmp/vdo-test-config-app.pem\n"
    "  token: ${T_GITHUB_TOKEN}\n"
    "  webhook_secret: ${T_WEBHOOK_SECRET}\n"
    "trigger:\n"
    "  label: vdo\n"
    "  command: /vdo\n"
    "  permission: write\n"
    "providers:\n"
    "  claude: {api: anthropic, base_url: https://api.anthropic.com, key: \"${T_ANTHROPIC}\", "
    "model: claude-sonnet-5-5}\n"
    "  openai: {api: openai-responses, base_url: https://api.openai.com/v1, key: \"${T_OPENAI}\", "
    "model: gpt-6.1-sol}\n"
    "  gemini: {api: gemini, base_url: https://generativelanguage.googleapis.com, key: "
    "\"${T_GEMINI}\", model: gemini-4-argon}\n"
    "  local:  {api: openai-chat, base_url: http://127.0.0.1:11434/v1, model: qwen3-coder, "
    "timeout_s: 5, price: {input: 0.1, output: 2.000001}}\n"
    "  script: {api: script, file: config/demo/script.json}\n"
    "roles:\n"
    "  refiner: [claude, openai]\n"
    "  planner: [claude, openai]\n"
    "  builder: [claude, openai, local]\n"
    "  tester: [openai, claude]\n"
    "  reviewer: [gemini, openai]\n"
    "limits: {job_usd: 5, day_usd: 50, month_usd: 500, job_minutes: 60, job_turns: 120, "
    "job_output_tokens: 400000, fix_rounds: 3, review_rounds: 2}\n"
    "sandbox: {driver: auto, network: none, timeout_s: 300, memory_mb: 2048, pids: 256, cpus: 2}\n";

static void config_parse__reads_the_whole_example_of_the_interface(void **state)
{
    static const char pem[] = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
                              "-----END RSA PRIVATE KEY-----\n";
    struct config *c;

    (void)state;
    assert_int_equal(fs_write_atomic("/tmp/vdo-test-config-app.pem", pem, strlen(pem), 0600, NULL),
                     0);
    (void)setenv("T_GITHUB_TOKEN", "ghp_test", 1);
    (void)setenv("T_WEBHOOK_SECRET", SECRET, 1);
    (void)setenv("T_ANTHROPIC", "a-key", 1);
    (void)setenv("T_OPENAI", "12345678", 1);
    (void)unsetenv("T_GEMINI");
    c = parsed_as(whole, CONFIG_FOR_SERVE);
    (void)unlink("/tmp/vdo-test-config-app.pem");

    assert_string_equal(c->public_url, "http://127.0.0.1:8420");
    assert_int_equal(c->github.app_id, 4242);
    assert_string_equal(secret_reveal(&c->github.token), "ghp_test");
    assert_true(c->github.private_key.len == strlen(pem) - 1);
    assert_int_equal(c->github.n_webhook_secrets, 1);
    assert_string_equal(secret_reveal(&c->github.webhook_secret[0]), SECRET);

    assert_int_equal(c->n_providers, 4);
    assert_string_equal(c->provider[0].name, "claude");
    assert_string_equal(secret_reveal(&c->provider[1].key), "12345678");
    assert_int_equal(c->provider[1].api, PROVIDER_OPENAI_RESPONSES);
    assert_int_equal(c->provider[2].timeout_ms, 5000);
    assert_true(c->provider[2].price.input == 100000);
    assert_true(c->provider[2].price.output == 2000001);
    assert_true(c->provider[2].price.cache_read == -1);
    assert_string_equal(c->provider[3].file, "config/demo/script.json");
    assert_null(config_find_provider(c, "gemini"));
    assert_int_equal(c->n_warnings, 1);
    assert_string_equal(c->warnings[0], "vdo.yml:24:78: providers.gemini.key: ${T_GEMINI} is not "
                                        "set; this provider is left out");

    assert_int_equal(c->role[ROLE_REVIEWER].n, 1);
    assert_string_equal(c->role[ROLE_REVIEWER].provider[0], "openai");
    assert_null(c->role[ROLE_REVIEWER].provider[1]);
    assert_int_equal(c->role[ROLE_BUILDER].n, 3);
    assert_true(c->limits.job_microusd == 5000000);
    assert_true(c->sandbox.memory_bytes == INT64_C(2048) << 20);
    config_free(c);
}

static void config_parse__gives_the_defaults(void **state)
{
    struct config *c = parsed(LOCAL);

    (void)state;
    assert_string_equal(c->listen, "127.0.0.1:8420");
    assert_string_equal(c->webhook_path, "/webhook");
    assert_false(c->insecure_public);
    assert_false(secret_is_set(&c->api_token));
    assert_string_equal(c->data_dir, "./vdo-data");
    assert_string_equal(c->store, "sqlite:./vdo-data/vdo.db");
    assert_null(c->assets_dir);
    assert_int_equal(c->workers, 4);
    assert_string_equal(c->forge, "github");
    assert_int_equal(c->github.app_id, 0);
    assert_string_equal(c->trigger.permission, "write");
    assert_true(c->limits.month_microusd == 500000000);
    assert_int_equal(c->limits.fix_rounds, 3);
    assert_int_equal(c->sandbox.timeout_ms, 300000);
    assert_string_equal(c->log_level, "info");
    assert_true(c->draft);
    assert_string_equal(c->provider[0].base_url, "http://127.0.0.1:1/v1");
    assert_int_equal(c->provider[0].timeout_ms, 600000);
    assert_int_equal(c->provider[0].max_concurrent, 8);
    assert_true(c->provider[0].price.input == -1);
    for (int i = 0; i < CONFIG_ROLES; i++)
        assert_string_equal(c->role[i].provider[0], "local");
    config_free(c);
}

static void config_parse__replaces_variables_and_files(void **state)
{
    struct config *c;

    (void)state;
    (void)setenv("T_WORKERS", "7", 1);
    (void)setenv("T_DIR", "/x", 1);
    (void)setenv("T_EMPTY", "", 1);
    (void)unsetenv("T_UNSET");
    assert_int_equal(fs_write_atomic("/tmp/vdo-test-config-value", "debug\n", 6, 0600, NULL), 0);
    c = parsed("workers: ${T_WORKERS}\n"
               "data_dir: ${T_DIR}/data\n"
               "store: sqlite:${T_UNSET:-/y}/vdo.db\n"
               "assets_dir: ${T_UNSET:-}\n"
               "draft: ${T_EMPTY:-false}\n"
               "log: {level: \"file:/tmp/vdo-test-config-value\"}\n" LOCAL);
    (void)unlink("/tmp/vdo-test-config-value");
    assert_int_equal(c->workers, 7);
    assert_string_equal(c->data_dir, "/x/data");
    assert_string_equal(c->store, "sqlite:/y/vdo.db");
    assert_null(c->assets_dir);
    assert_false(c->draft);
    assert_string_equal(c->log_level, "debug");
    config_free(c);
}

static void config_parse__reads_money_exactly(void **state)
{
    static const struct {
        const char *text;
        int64_t micro;
    } rows[] = {{"0.1", 100000},   {"0.000001", 1}, {"5", 5000000},    {"5.", 5000000},
                {".25", 250000},   {"0", 0},        {"4.35", 4350000}, {"1000000", 1000000000000},
                {"1.005", 1005000}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *text = xasprintf("limits: {job_usd: %s}\n" LOCAL, rows[i].text);
        struct config *c = parsed(text);

        assert_true(c->limits.job_microusd == rows[i].micro);
        config_free(c);
    }
}

static void config_parse__takes_a_list_of_webhook_secrets(void **state)
{
    struct config *c = parsed_as("github:\n"
                                 "  token: x\n"
                                 "  webhook_secret: [" SECRET "-new, " SECRET "-old]\n" LOCAL,
                                 CONFIG_FOR_SERVE);

    (void)state;
    assert_int_equal(c->github.n_webhook_secrets, 2);
    assert_string_equal(secret_reveal(&c->github.webhook_secret[0]), SECRET "-new");
    config_free(c);
}

static void config_parse__leaves_out_a_provider_only_for_want_of_its_key(void **state)
{
    struct config *c;

    (void)state;
    (void)unsetenv("T_UNSET");
    (void)setenv("T_EMPTY", "", 1);
    c = parsed("providers:\n"
               "  a: {api: anthropic, key: \"${T_UNSET}\", model: m}\n"
               "  b: {api: gemini, key: \"${T_EMPTY}\", model: m}\n"
               "  c: {api: openai-responses, key: \"${T_UNSET:-}\", model: m}\n"
               "roles: {tester: [a, c, b]}\n");
    assert_int_equal(c->n_providers, 1);
    assert_string_equal(c->provider[0].name, "c");
    assert_string_equal(c->provider[0].base_url, "https://api.openai.com/v1");
    assert_int_equal(c->n_warnings, 2);
    assert_int_equal(c->role[ROLE_TESTER].n, 1);
    config_free(c);
}

static void config_parse__asks_for_credentials_only_where_they_are_needed(void **state)
{
    struct config *c = NULL;
    struct err err = {0};

    (void)state;
    config_free(parsed_as(LOCAL, CONFIG_FOR_RUN));
    config_free(parsed_as("forge: local\n" LOCAL, CONFIG_FOR_SERVE));
    c = parsed_as(LOCAL, CONFIG_FOR_CHECK);
    assert_int_equal(c->n_warnings, 2);
    config_free(c);
    c = parsed_as("", CONFIG_FOR_CHECK);
    assert_string_equal(c->warnings[0],
                        "vdo.yml:1:1: providers: is missing: no model can be asked");
    config_free(c);
    assert_int_equal(
        config_parse("vdo.yml", LOCAL, strlen(LOCAL), CONFIG_FOR_SERVE, &c, NULL, &err),
        VDO_E_INVALID);
    assert_string_equal(err.text, "vdo.yml:1:1: github.token: is missing: set app_id and "
                                  "private_key of a GitHub App, or a token");
}

static void config_load__says_when_there_is_no_file(void **state)
{
    struct config *c = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(config_load("/nonexistent/vdo.yml", CONFIG_FOR_CHECK, &c, NULL, &err),
                     VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/vdo.yml"));
    assert_null(c);
    config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_parse__reads_the_whole_example_of_the_interface),
        cmocka_unit_test(config_parse__gives_the_defaults),
        cmocka_unit_test(config_parse__replaces_variables_and_files),
        cmocka_unit_test(config_parse__reads_money_exactly),
        cmocka_unit_test(config_parse__takes_a_list_of_webhook_secrets),
        cmocka_unit_test(config_parse__leaves_out_a_provider_only_for_want_of_its_key),
        cmocka_unit_test(config_parse__asks_for_credentials_only_where_they_are_needed),
        cmocka_unit_test(config_load__says_when_there_is_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
