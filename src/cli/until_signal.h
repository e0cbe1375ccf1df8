/*
 * until_signal: an app that runs until it is told to stop. Used by `vdo serve` and `vdo demo
 * --serve`.
 */
#ifndef VDO_CLI_UNTIL_SIGNAL_H
#define VDO_CLI_UNTIL_SIGNAL_H

#include "vdo/config/config.h"

/* Run the parts of an app (bits of enum app_parts) until SIGTERM or SIGINT. Exit code. */
int serve_until_signal(const struct config *config, unsigned parts);

#endif
