/*
 * common: what several commands share: loading the configuration, asking for an exit code. Used
 * inside cli only.
 */
#ifndef VDO_CLI_COMMON_H
#define VDO_CLI_COMMON_H

#include "vdo/base/err.h"
#include "vdo/config/config.h"

#include <stdbool.h>

#include <jansson.h>

/*
 * Load the configuration and apply what belongs to the process: log level and format, assets
 * directory. Every problem goes to standard error, warnings too. NULL after a problem: return
 * EXIT_USAGE.
 */
struct config *common_config(const char *path, enum config_need need);

/* "vdo COMMAND: text" on standard error. Returns code. */
int common_fail(const char *command, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The exit code for a failure: EXIT_REFUSED for VDO_E_REFUSED and VDO_E_LIMIT, EXIT_USAGE for
 * VDO_E_INVALID when usage, else EXIT_FAILED. */
int common_exit_code(int rc);

/* One indented JSON document and a newline on standard output. */
void common_print_json(const json_t *value);

#endif
