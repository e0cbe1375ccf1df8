#include "vdo/config/config.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOCAL "providers: {local: {api: openai-chat, base_url: \"http://h/v1\", model: m}}\n"

static const struct {
    const char *yaml;
    const char *message;
} rows[] = {
    {"wokers: 4\n", "vdo.yml:1:1: wokers: unknown key (nearest known key: workers)\n"},
    {"server:\n  lisen: x\n",
     "vdo.yml:2:3: server.lisen: unknown key (nearest known key: server.listen)\n"},
    {"listen: x\n", "vdo.yml:1:1: listen: unknown key (nearest known key: server.listen)\n"},
    {"servre: {}\n", "(nearest known key: server)"},
    {"providers: {p: {api: script, file: f, modle: m}}\n",
     "providers.p.modle: unknown key (nearest known key: providers.p.model)"},
    {"providers: {p: {api: script, file: f, price: {inputs: 1}}}\n",
     "(nearest known key: providers.p.price.input)"},
    {"server.listen: x\n", "unknown key (nearest known key: server.listen)"},
    {"workers: 4\nworkers: 5\n", "vdo.yml:2:1: workers: duplicate key (first on line 1)\n"},
    {"workers: many\n", "vdo.yml:1:10: workers: expected an integer (1 .. 64), got text: many\n"},
    {"workers: \"4\"\n", "expected an integer (1 .. 64), got text: 4"},
    {"workers: 4.5\n", "got a decimal number: 4.5"},
    {"workers: 0\n", "workers: 0 is out of range (1 .. 64)"},
    {"workers: 65\n", "65 is out of range (1 .. 64)"},
    {"workers: 99999999999999999999999\n", "expected an integer"},
    {"workers: [4]\n", "got a list"},
    {"workers: ${T_TEXT}\n", "expected an integer (1 .. 64), got text\n"},
    {"draft: yes\n", "draft: expected true or false, got text: yes"},
    {"draft: 1\n", "expected true or false, got an integer: 1"},
    {"server: x\n", "vdo.yml:1:9: server: expected a mapping of keys\n"},
    {"server: []\n", "server: expected a mapping of keys"},
    {"- a\n", "vdo.yml:1:1: expected a mapping of keys"},
    {"forge: gitlab\n", "forge: expected one of: github local, got text: gitlab"},
    {"trigger: {permission: owner}\n", "expected one of: read triage write maintain admin"},
    {"trigger: {label: 42}\n", "trigger.label: expected text (put it in quotes), got an integer"},
    {"trigger: {label: \"\"}\n", "trigger.label: is empty"},
    {"trigger: {label: \"a:b\"}\n", "no comma, colon"},
    {"trigger: {command: vdo}\n", "expected a slash and one word"},
    {"trigger: {command: /v d}\n", "one word of letters"},
    {"limits: {job_usd: -1}\n", "limits.job_usd: -1 expected dollars such as 5 or 0.25"},
    {"limits: {job_usd: 0.0000001}\n", "0.0000001 has more than six decimals"},
    {"limits: {job_usd: 1e3}\n", "expected dollars"},
    {"limits: {job_usd: 1000000.1}\n", "more than 1000000 dollars"},
    {"limits: {job_usd: 99999999999999}\n", "more than 1000000 dollars"},
    {"limits: {job_usd: five}\n", "expected dollars such as 5 or 0.25, got text: five"},
    {"server: {listen: 8420}\n", "expected text (put it in quotes), got an integer"},
    {"server: {listen: localhost}\n", "expected HOST:PORT"},
    {"server: {listen: \"h:99999\"}\n", "expected HOST:PORT"},
    {"server: {public_url: \"ftp://x\"}\n", "expected a URL such as"},
    {"server: {public_url: \"http://\"}\n", "expected a URL such as"},
    {"github: {api_url: \"https://u:p@h\"}\n", "holds no user name"},
    {"server: {webhook_path: webhook}\n", "expected a path such as /webhook"},
    {"server: {api_token: short}\n", "is too short: at least 16 bytes"},
    {"store: mysql://x\n", "expected sqlite:PATH or postgresql://"},
    {"bus: kafka\n", "expected memory or redis://"},
    {"github: {webhook_secret: 0123456789abcde}\n", "github.webhook_secret: is too short"},
    {"github: {webhook_secret: [0123456789abcdefg, short]}\n", "webhook_secret.1: is too short"},
    {"github: {webhook_secret: [a, b, c, d, e]}\n", "has 5 items, at most 4 are allowed"},
    {"github: {webhook_secret: [null]}\n", "webhook_secret.0: is empty"},
    {"github: {private_key: /etc/vdo/app.pem}\n", "a path is written file:PATH"},
    {"github: {private_key: \"-----BEGIN PRIVATE KEY-----\"}\n", "without line breaks"},
    {"github: {private_key: \"file:/nonexistent.pem\"}\n", "private_key: open /nonexistent.pem"},

    {"github: {token: \"${T_UNSET}\"}\n", "vdo.yml:1:17: github.token: the environment variable "
                                          "T_UNSET is not set (${T_UNSET:-...} gives a default)\n"},
    {"data_dir: ${T-X}\n", "is not of the form ${NAME}"},
    {"data_dir: ${\n", "\"${\" without \"}\""},
    {"data_dir: ${}\n", "is not of the form"},
    {"data_dir: 'file:'\n", "file: without a path"},
    {"providers: {p: {}}\n", "providers.p.api: is missing"},
    {"providers: {p: null}\n", "providers.p.api: is missing"},
    {"providers: {p: x}\n", "providers.p: expected a mapping of keys"},
    {"providers: {\"p q\": {api: script, file: f}}\n", "letters, digits, - and _ only"},
    {"providers: {p: {api: openai}}\n", "expected one of: anthropic openai-responses openai-chat"},
    {"providers: {p: {api: anthropic}}\n", "providers.p.model: is missing"},
    {"providers: {p: {api: script}}\n", "providers.p.file: is missing"},
    {"providers: {p: {api: openai-chat, model: m}}\n", "providers.p.base_url: is missing"},
    {"providers: {p: {api: script, file: f, price: {input: 1}}}\n",
     "providers.p.price.output: is missing"},
    {"providers: {p: {api: anthropic, key: \"${T_UNSET}\", model: m}}\n",
     "roles.refiner: has no provider left"},
    {LOCAL "roles: {tester: [locla]}\n",
     "vdo.yml:2:18: roles.tester.0: unknown provider \"locla\" (nearest known provider: local)\n"},
    {LOCAL "roles: {tester: local}\n", "roles.tester: expected a list of texts, got text: local"},
    {LOCAL "roles: {tester: [local, local]}\n", "\"local\" is named twice"},
    {LOCAL "roles: {tester: []}\n", "roles.tester: is empty"},
    {LOCAL "roles: {tseter: [local]}\n", "(nearest known key: roles.tester)"},
    {"\"a\\n\\e[1mb\": 1\n", "vdo.yml:1:1: a??[1mb: unknown key"},
    {"sandbox: {driver: chroot}\n", "expected one of: auto bubblewrap container none"},
    {"sandbox: {driver: container}\n", "sandbox.driver: container needs sandbox.image, or"},
    {"sandbox: {engine: lxc}\n", "expected auto, podman, docker or the absolute path"},
    {"sandbox: {image: \"--privileged\"}\n", "expected the name of an image"},
    {"sandbox: {image: \"a b\"}\n", "expected the name of an image"},
    {"sandbox: {layers_mb: -1}\n", "out of range (0 .. 1048576)"},
    {"sandbox: {memory_mb: 1}\n", "out of range (64 .. 1048576)"},
};

static void config_parse__names_place_key_and_remedy(void **state)
{
    (void)state;
    (void)unsetenv("T_UNSET");
    (void)setenv("T_TEXT", "secret-text", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *yaml = strstr(rows[i].yaml, "providers") || strstr(rows[i].yaml, "- a") ?
                                   xstrdup(rows[i].yaml) :
                                   xasprintf("%s" LOCAL, rows[i].yaml);
        struct config *config = NULL;
        struct err err = {0};
        AUTO_STRBUF errors = {0};

        strbuf_init(&errors, 10000);
        if (config_parse("vdo.yml", yaml, strlen(yaml), CONFIG_FOR_CHECK, &config, &errors, &err) !=
                VDO_E_INVALID ||
            config || !strstr(errors.ptr, rows[i].message))
            fail_msg("row %zu (%s): %s", i, rows[i].yaml, errors.ptr);
        assert_int_equal(strncmp(errors.ptr, err.text, strlen(err.text)), 0);
        assert_null(strstr(errors.ptr, "secret-text"));
    }
}

static void config_parse__reports_up_to_twenty_problems(void **state)
{
    AUTO_STRBUF yaml = {0};
    AUTO_STRBUF errors = {0};
    struct config *config = NULL;
    size_t lines = 0;

    (void)state;
    strbuf_init(&yaml, 10000);
    strbuf_init(&errors, 10000);
    for (int i = 0; i < 30; i++)
        (void)strbuf_addf(&yaml, "unknown%d: 1\n", i);
    assert_int_equal(
        config_parse("vdo.yml", yaml.ptr, yaml.len, CONFIG_FOR_CHECK, &config, &errors, NULL),
        VDO_E_INVALID);
    for (const char *c = errors.ptr; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 20);
}

static void config_parse__refuses_more_providers_than_there_is_room_for(void **state)
{
    AUTO_STRBUF yaml = {0};
    struct config *config = NULL;
    struct err err = {0};

    (void)state;
    strbuf_init(&yaml, 10000);
    (void)strbuf_adds(&yaml, "providers:\n");
    for (int i = 0; i < CONFIG_MAX_PROVIDERS; i++)
        (void)strbuf_addf(&yaml, "  p%d: {api: script, file: f}\n", i);
    assert_int_equal(
        config_parse("vdo.yml", yaml.ptr, yaml.len, CONFIG_FOR_CHECK, &config, NULL, &err),
        VDO_E_INVALID);
    assert_string_equal(err.text,
                        "vdo.yml:33:3: providers.p31: one too many: at most 31 providers are "
                        "allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_parse__names_place_key_and_remedy),
        cmocka_unit_test(config_parse__reports_up_to_twenty_problems),
        cmocka_unit_test(config_parse__refuses_more_providers_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
