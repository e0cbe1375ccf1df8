#include "common.h"

#include "vdo/base/assets.h"
#include "vdo/base/limits.h"
#include "vdo/base/log.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    }
    return LOG_LEVEL_INFO;
}

struct config *common_config(const char *path, enum config_need need)
{
    AUTO_STRBUF problems = {0};
    struct config *config = NULL;
    struct err err = {0};
    int rc;

    strbuf_init(&problems, VDO_KIB * 64);
    rc = config_load(path, need, &config, &problems, &err);
    if (rc) {
        (void)fprintf(stderr, "%s\n", problems.len ? problems.ptr : err.text);
        return NULL;
    }
    for (size_t i = 0; i < config->n_warnings; i++)
        (void)fprintf(stderr, "warning: %s\n", config->warnings[i]);
    log_setup(level_of(config->log_level),
              strcmp(config->log_format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
    assets_override(config->assets_dir);
    if (http_client_trust(config->tls_ca, &err)) {
        (void)fprintf(stderr, "%s: tls_ca: %s\n", config->path, err.text);
        config_free(config);
        return NULL;
    }
    return config;
}

int common_fail(const char *command, int code, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "vdo %s: ", command);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return code;
}

int common_exit_code(int rc)
{
    if (rc == VDO_OK)
        return EXIT_DONE;
    return rc == VDO_E_REFUSED || rc == VDO_E_LIMIT ? EXIT_REFUSED : EXIT_FAILED;
}

void common_print_json(const json_t *value)
{
    AUTO_FREE char *text = js_dump_pretty(value);

    (void)puts(text);
}
