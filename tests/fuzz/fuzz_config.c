/* config: errors name file, line and column; what is accepted keeps its promises. */
#include "vdo/base/limits.h"
#include "vdo/config/repo_config.h"
#include "vdo/config/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

static void check_errors(int rc, const struct strbuf *errors, const struct err *err,
                         const char *name)
{
    size_t lines = 0;

    check(rc == err->code && (rc != 0) == (errors->len > 0));
    for (const char *line = errors->ptr; *line; lines++) {
        check(strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':');
        line += strcspn(line, "\n");
        check(*line++ == '\n');
    }
    check(lines <= 20);
}

static void check_roles(const struct config *config)
{
    for (int i = 0; i < CONFIG_ROLES; i++) {
        const struct config_role *role = &config->role[i];

        check(role->n < CONFIG_MAX_PROVIDERS && role->provider[role->n] == NULL);
        check(role->n > 0 || config->n_providers == 0);
        for (size_t j = 0; j < role->n; j++)
            check(config_find_provider(config, role->provider[j]) != NULL);
    }
}

static void try_config(const char *bytes, size_t size)
{
    struct config *config = NULL;
    AUTO_STRBUF errors = {0};
    struct err err = {0};
    int rc;

    strbuf_init(&errors, VDO_MIB);
    rc = config_parse("vdo.yml", bytes, size, CONFIG_FOR_CHECK, &config, &errors, &err);
    check_errors(rc, &errors, &err, "vdo.yml");
    check((rc == 0) == (config != NULL));
    if (config) {
        check(config->workers >= 1 && config->workers <= 64);
        check(config->limits.job_microusd >= 0);
        check(config->n_providers < CONFIG_MAX_PROVIDERS);
        check_roles(config);
    }
    config_free(config);
}

static void try_repo_config(const char *bytes, size_t size)
{
    static const struct config_limits ours = {.job_microusd = 5000000,
                                              .job_minutes = 60,
                                              .job_turns = 120,
                                              .job_output_tokens = 400000,
                                              .fix_rounds = 3,
                                              .review_rounds = 2};
    struct repo_config *config = NULL;
    struct config_limits limits;
    AUTO_STRBUF errors = {0};
    struct err err = {0};
    int rc;

    strbuf_init(&errors, VDO_MIB);
    rc = repo_config_parse(bytes, size, &config, &errors, &err);
    check_errors(rc, &errors, &err, ".github/vdo.yml");
    if (config) {
        repo_config_clamp(&ours, config, &limits);
        check(limits.job_microusd > 0 && limits.job_microusd <= ours.job_microusd);
        check(limits.job_turns <= ours.job_turns && limits.fix_rounds <= ours.fix_rounds);
    }
    repo_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A config may name files; a fuzzer need not read those of this machine. */
    if (memmem(data, size, "file:", 5))
        return 0;
    try_config((const char *)data, size);
    if (size > 0) /* bytes NULL means something else */
        try_repo_config((const char *)data, size);
    return 0;
}
