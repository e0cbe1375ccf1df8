/*
 * app: builds every object in order, starts and joins threads, tears down in reverse.
 *
 *     config -> clock, supervisor, assets -> store, bus -> forge, sandbox, model -> report ->
 * pipeline, bot -> jobs -> web
 *
 * Threads: all functions from the main thread.
 */
#ifndef VDO_APP_APP_H
#define VDO_APP_APP_H

#include "vdo/base/err.h"
#include "vdo/config/config.h"

#include <stdbool.h>

struct app;

enum app_parts {
    APP_STORE = 1, /* store, bus, report: enough for jobs and deliveries commands */
    APP_FORGE = 2,
    APP_WORK = 4, /* sandbox, model, pipeline */
    APP_BOT = 8,
    APP_WEB = 16,
};

/*
 * Build the parts (bits of enum app_parts; each brings what it needs). config is borrowed for the
 * app's life. No threads yet but the process supervisor's. Returns 0; errors name the part: "store:
 * ...".
 */
int app_new(const struct config *config, unsigned parts, struct app **out, struct err *err);
/* Start jobs' threads (workers, dispatchers, outbox) and then the web server. */
int app_start(struct app *app, struct err *err);
/* Stop in reverse: web, jobs (grace_ms), everything. Frees. NULL is fine. */
void app_free(struct app *app, int64_t grace_ms);

struct store *app_store(struct app *app);
struct jobs *app_jobs(struct app *app);
struct bus *app_bus(struct app *app);
struct forge *app_forge(struct app *app);
struct model *app_model(struct app *app);
struct pipeline *app_pipeline(struct app *app);
struct sandbox *app_sandbox(struct app *app);
const struct report *app_report(struct app *app);
const char *app_url(struct app *app); /* of the web server, borrowed */

#endif
