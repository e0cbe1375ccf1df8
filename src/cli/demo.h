/*
 * demo: the sample project, its issue and its script. Used inside cli only.
 */
#ifndef VDO_CLI_DEMO_H
#define VDO_CLI_DEMO_H

#include "vdo/config/config.h"

/* `vdo serve --demo`: run the demonstration job, then keep the status page up over its store. Exit
 * code. */
int demo_serve(void);

/* Run the parts of an app (bits of enum app_parts) until SIGTERM or SIGINT. Exit code. */
int serve_until_signal(const struct config *config, unsigned parts);

#endif
