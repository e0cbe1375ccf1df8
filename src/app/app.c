#include "vdo/app/app.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/bot/bot.h"
#include "vdo/bus/bus.h"
#include "vdo/forge/forge.h"
#include "vdo/gitrepo/gitrepo.h"
#include "vdo/http/client.h"
#include "vdo/jobs/jobs.h"
#include "vdo/markdown/markdown.h"
#include "vdo/model/model.h"
#include "vdo/pipeline/pipeline.h"
#include "vdo/report/report.h"
#include "vdo/sandbox/sandbox.h"
#include "vdo/store/store.h"
#include "vdo/web/web.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Finding out what the sandbox can do takes half of a start; it is done beside the rest. */
struct probe {
    pthread_t thread;
    bool running;
    struct sandbox *sandbox;
    int rc;
    struct err err;
};

struct app {
    const struct config *config;
    unsigned parts;
    struct store *store;
    struct bus *bus;
    struct forge *forge;
    struct probe probe;
    struct sandbox *sandbox;
    struct model *model;
    struct report report;
    struct pipeline *pipeline;
    struct bot *bot;
    struct jobs *jobs;
    struct web *web;
};

static void process_startup(void)
{
    http_client_startup();
    markdown_startup();
}

/* The directory of "sqlite:./vdo-data/vdo.db" must be there before the store can be. */
static int make_store_dir(const char *url, struct err *err)
{
    const char *path = strncmp(url, "sqlite:", 7) == 0 ? url + 7 : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    AUTO_FREE char *dir = NULL;

    if (!slash || slash == path)
        return VDO_OK;
    dir = xmemdup0(path, (size_t)(slash - path));
    return fs_make_dirs(dir, 0700, err);
}

static int open_store(struct app *app, struct err *err)
{
    const struct config *config = app->config;
    int rc = fs_make_dirs(config->data_dir, 0700, err);

    if (!rc)
        rc = make_store_dir(config->store, err);
    if (!rc)
        rc = store_open(config->store, clock_real(), &app->store, err);
    if (rc)
        return err_wrap(err, "store"), rc;
    rc = bus_open(config->bus, &app->bus, err);
    return rc ? (err_wrap(err, "bus"), rc) : VDO_OK;
}

static int open_forge(struct app *app, struct err *err)
{
    const struct config *config = app->config;
    struct forge_options options = {.kind = config->forge,
                                    .api_url = config->github.api_url,
                                    .git_url = config->github.git_url,
                                    .app_id = config->github.app_id,
                                    .private_key = &config->github.private_key,
                                    .token = &config->github.token,
                                    .clock = clock_real(),
                                    .store = app->store};
    int rc = forge_open(&options, &app->forge, err);

    return rc ? (err_wrap(err, "forge"), rc) : VDO_OK;
}

static void *probe_main(void *arg)
{
    struct app *app = arg;
    const struct config_sandbox *limits = &app->config->sandbox;
    const struct sandbox_container container = {.engine = limits->engine, .image = limits->image};

    app->probe.rc = sandbox_probe(limits->driver, &container, &app->probe.sandbox, &app->probe.err);
    return NULL;
}

static int begin_probe(struct app *app, struct err *err)
{
    int rc = pthread_create(&app->probe.thread, NULL, probe_main, app);

    app->probe.running = rc == 0;
    return rc ? err_set(err, VDO_E_IO, "start a thread: %s", strerrordesc_np(rc)) : VDO_OK;
}

static int end_probe(struct app *app, struct err *err)
{
    if (!app->probe.running)
        return VDO_OK;
    (void)pthread_join(app->probe.thread, NULL);
    app->probe.running = false;
    app->sandbox = app->probe.sandbox;
    if (!app->probe.rc && sandbox_available(app->sandbox) &&
        fs_make_dirs(app->config->data_dir, 0700, NULL) == VDO_OK)
        sandbox_try_homes_beside(app->sandbox, app->config->data_dir);
    return app->probe.rc ? err_set(err, app->probe.err.code, "%s", app->probe.err.text) : VDO_OK;
}

static int open_work(struct app *app, struct err *err)
{
    struct pipeline_options options;
    int rc = gitrepo_startup(err);

    if (!rc)
        rc = end_probe(app, err);
    if (rc)
        return err_wrap(err, "sandbox"), rc;
    rc = model_open(app->config, app->store, clock_real(), &app->model, err);
    if (rc)
        return err_wrap(err, "model"), rc;
    options = (struct pipeline_options){.config = app->config,
                                        .clock = clock_real(),
                                        .store = app->store,
                                        .forge = app->forge,
                                        .model = app->model,
                                        .sandbox = app->sandbox,
                                        .report = &app->report};
    rc = pipeline_new(&options, &app->pipeline, err);
    return rc ? (err_wrap(err, "pipeline"), rc) : VDO_OK;
}

static int open_bot(struct app *app, struct err *err)
{
    struct bot_options options = {
        .config = app->config, .clock = clock_real(), .store = app->store, .report = &app->report};
    int rc = bot_new(&options, &app->bot, err);

    return rc ? (err_wrap(err, "bot"), rc) : VDO_OK;
}

static int open_jobs(struct app *app, struct err *err)
{
    struct jobs_options options = {.store = app->store,
                                   .bus = app->bus,
                                   .forge = app->forge,
                                   .clock = clock_real(),
                                   .data_dir = app->config->data_dir,
                                   .workers = app->pipeline ? (unsigned)app->config->workers : 0,
                                   .dispatchers = app->bot ? 2 : 0,
                                   .outbox = app->forge != NULL,
                                   .describe = bot_describe,
                                   .handle = bot_handle,
                                   .delivery_arg = app->bot,
                                   .run = pipeline_run,
                                   .run_arg = app->pipeline,
                                   .tidy = app->pipeline ? pipeline_tidy : NULL,
                                   .tidy_arg = app->pipeline,
                                   .draw = report_progress,
                                   .draw_arg = &app->report};
    int rc = jobs_new(&options, &app->jobs, err);

    if (rc)
        return err_wrap(err, "jobs"), rc;
    if (app->pipeline)
        pipeline_set_jobs(app->pipeline, app->jobs);
    if (app->bot)
        bot_set_jobs(app->bot, app->jobs);
    return VDO_OK;
}

int app_new(const struct config *config, unsigned parts, struct app **out, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct app *app = xcalloc(1, sizeof(*app));
    int rc = proc_start_supervisor(err);

    app->config = config;
    if (!rc && (parts & APP_WORK))
        rc = begin_probe(app, err);
    (void)pthread_once(&once, process_startup);
    if (parts & (APP_WORK | APP_BOT | APP_WEB))
        parts |= APP_FORGE;
    app->parts = parts;
    if (!rc)
        rc = open_store(app, err);
    if (!rc && (parts & APP_FORGE))
        rc = open_forge(app, err);
    app->report = (struct report){.store = app->store, .config = config, .forge = app->forge};
    if (!rc && (parts & APP_WORK))
        rc = open_work(app, err);
    if (!rc && (parts & APP_BOT))
        rc = open_bot(app, err);
    if (!rc)
        rc = open_jobs(app, err);
    if (rc)
        app_free(app, 0);
    else
        *out = app;
    return rc;
}

/* Without authentication the page and the API are for this machine only, unless the operator says
 * otherwise in words. */
static int check_listen(const struct config *config, struct err *err)
{
    AUTO_FREE char *url = xasprintf("http://%s/", config->listen);

    if (strncmp(config->listen, "unix:", 5) == 0 || strcmp(config->listen, "systemd") == 0 ||
        config->insecure_public || url_is_loopback(url))
        return VDO_OK;
    return err_set(
        err, VDO_E_INVALID,
        "server.listen: %s can be reached from other machines, and the status page has no "
        "authentication; put a reverse proxy in front of 127.0.0.1, or set server.allow_public: true",
        config->listen);
}

static int start_web(struct app *app, struct err *err)
{
    struct web_options options = {.config = app->config,
                                  .clock = clock_real(),
                                  .store = app->store,
                                  .bus = app->bus,
                                  .jobs = app->jobs,
                                  .forge = app->forge,
                                  .model = app->model,
                                  .sandbox = app->sandbox,
                                  .report = &app->report};
    int rc = web_start(&options, &app->web, err);

    return rc ? (err_wrap(err, "web"), rc) : VDO_OK;
}

int app_start(struct app *app, struct err *err)
{
    int rc = app->parts & APP_WEB ? check_listen(app->config, err) : VDO_OK;

    if (!rc)
        rc = jobs_start(app->jobs, err);
    if (!rc && (app->parts & APP_WEB))
        rc = start_web(app, err);
    return rc;
}

void app_free(struct app *app, int64_t grace_ms)
{
    if (!app)
        return;
    web_stop(app->web, grace_ms);
    if (app->jobs)
        jobs_stop(app->jobs, grace_ms);
    jobs_free(app->jobs);
    bot_free(app->bot);
    pipeline_free(app->pipeline);
    model_close(app->model);
    (void)end_probe(app, NULL);
    sandbox_free(app->sandbox);
    forge_close(app->forge);
    bus_close(app->bus);
    store_close(app->store);
    if (app->parts & APP_WORK)
        gitrepo_shutdown();
    proc_stop_supervisor();
    free(app);
}

struct store *app_store(struct app *app)
{
    return app->store;
}

struct jobs *app_jobs(struct app *app)
{
    return app->jobs;
}

struct forge *app_forge(struct app *app)
{
    return app->forge;
}

struct model *app_model(struct app *app)
{
    return app->model;
}

struct pipeline *app_pipeline(struct app *app)
{
    return app->pipeline;
}

struct sandbox *app_sandbox(struct app *app)
{
    return app->sandbox;
}

struct bus *app_bus(struct app *app)
{
    return app->bus;
}

const struct report *app_report(struct app *app)
{
    return &app->report;
}

const char *app_url(struct app *app)
{
    return app->web ? web_url(app->web) : "";
}
