#include "vdo/config/config.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * The two files in the tree are what the table writes. After a change of the table:
 *     UPDATE_GENERATED=1 build/debug/tests/unit/config/test_docs
 */
static void assert_file(const char *path, const struct strbuf *wanted)
{
    AUTO_FREE char *bytes = NULL;
    size_t len;
    struct err err = {0};

    assert_false(strbuf_overflowed(wanted));
    if (getenv("UPDATE_GENERATED"))
        assert_int_equal(fs_write_atomic(path, wanted->ptr, wanted->len, 0644, NULL), 0);
    if (fs_read_file(path, VDO_MIB, &bytes, &len, &err))
        fail_msg("%s (the tests run from the top of the tree)", err.text);
    assert_string_equal(bytes, wanted->ptr);
}

static void the_example__is_what_the_table_writes(void **state)
{
    AUTO_STRBUF text = {0};

    (void)state;
    strbuf_init(&text, VDO_MAX_YAML_BYTES);
    config_write_example(&text);
    assert_file("config/vdo.example.yml", &text);
}

static void the_documentation__is_what_the_table_writes(void **state)
{
    AUTO_STRBUF text = {0};
    const struct config_option *options;
    size_t n;

    (void)state;
    strbuf_init(&text, VDO_MIB);
    config_write_docs(&text);
    assert_file("docs/configuration.md", &text);
    options = config_options(&n);
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *cell = xasprintf("| `%s` |", options[i].key);

        assert_non_null(strstr(text.ptr, cell));
    }
}

static void assert_same_as_defaults(const struct config *example)
{
    struct config *defaults = NULL;

    assert_int_equal(config_parse("x", "", 0, CONFIG_FOR_CHECK, &defaults, NULL, NULL), 0);
    assert_string_equal(example->listen, defaults->listen);
    assert_string_equal(example->store, defaults->store);
    assert_int_equal(example->workers, defaults->workers);
    assert_string_equal(example->trigger.command, defaults->trigger.command);
    assert_memory_equal(&example->limits, &defaults->limits, sizeof(example->limits));
    assert_true(example->sandbox.disk_bytes == defaults->sandbox.disk_bytes);
    config_free(defaults);
}

static void the_example__is_valid_without_any_variable_and_shows_the_defaults(void **state)
{
    struct config *config = NULL;
    struct err err = {0};

    (void)state;
    (void)unsetenv("ANTHROPIC_API_KEY");
    (void)unsetenv("OPENAI_API_KEY");
    (void)unsetenv("GEMINI_API_KEY");
    (void)unsetenv("GITHUB_TOKEN");
    (void)unsetenv("VDO_WEBHOOK_SECRET");
    (void)unsetenv("VDO_API_TOKEN");
    if (config_load("config/vdo.example.yml", CONFIG_FOR_CHECK, &config, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(config->n_providers, 1);
    assert_int_equal(config->n_warnings, 5);
    assert_same_as_defaults(config);
    config_free(config);
}

static void the_example__serves_once_its_variables_are_set(void **state)
{
    struct config *config = NULL;
    struct err err = {0};

    (void)state;
    (void)setenv("GITHUB_TOKEN", "x", 1);
    (void)setenv("VDO_WEBHOOK_SECRET", "0123456789abcdef", 1);
    (void)setenv("ANTHROPIC_API_KEY", "k", 1);
    if (config_load("config/vdo.example.yml", CONFIG_FOR_SERVE, &config, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(config->n_providers, 2);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example__is_what_the_table_writes),
        cmocka_unit_test(the_documentation__is_what_the_table_writes),
        cmocka_unit_test(the_example__is_valid_without_any_variable_and_shows_the_defaults),
        cmocka_unit_test(the_example__serves_once_its_variables_are_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
