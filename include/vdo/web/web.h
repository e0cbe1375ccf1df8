/*
 * web: HTTP routes: webhook, API, pages, live events, health, metrics.
 *
 * Threads: handlers run on the server's pool and do not block but for short reads of the store; the
 * webhook answers from the store's writer thread.
 */
#ifndef VDO_WEB_WEB_H
#define VDO_WEB_WEB_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/bus/bus.h"
#include "vdo/config/config.h"
#include "vdo/forge/forge.h"
#include "vdo/jobs/jobs.h"
#include "vdo/model/model.h"
#include "vdo/report/report.h"
#include "vdo/sandbox/sandbox.h"
#include "vdo/store/store.h"

struct web;

struct web_options { /* all borrowed for the web's life */
    const struct config *config;
    const struct clock *clock;
    struct store *store;
    struct bus *bus;
    struct jobs *jobs;
    struct forge *forge;
    struct model *model;
    struct sandbox *sandbox;
    const struct report *report;
};

/* Starts listening. Everything else must be running: the first webhook may come at once. */
int web_start(const struct web_options *options, struct web **out, struct err *err);
const char *web_url(const struct web *web); /* borrowed */
/* Stop listening, end streams, let answers under way go out. Frees. */
void web_stop(struct web *web, int64_t grace_ms);

#endif
