#include "common.h"

#include "vdo/app/app.h"
#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/log.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/forge/forge.h"
#include "vdo/json/json.h"
#include "vdo/model/model.h"
#include "vdo/sandbox/sandbox.h"
#include "vdo/store/store.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: vdo doctor [-c FILE] [--json]\n"
    "Checks configuration, store, bus, keys, GitHub permissions and webhook settings, sandbox and disk; one line each\n"
    "with the remedy. Ends with 1 when something does not hold.\n\n"
    "  -c, --config FILE  configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -j, --json         one JSON document on standard output\n";

struct doctor {
    bool json;
    json_t *lines;
    int failed;
    bool no_forge; /* it could not be made */
};

enum finding { GOOD, NOTE, BAD };

static void say(struct doctor *d, enum finding finding, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void say(struct doctor *d, enum finding finding, const char *what, const char *fmt, ...)
{
    static const char *const words[] = {"ok", "note", "FAIL"};
    char text[700];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    d->failed += finding == BAD;
    if (d->json)
        (void)json_array_append_new(d->lines, json_pack("{s:s, s:s, s:s}", "check", what, "status",
                                                        words[finding], "text", text));
    else
        (void)printf("%-5s %-10s %s\n", words[finding], what, text);
}

static void check_disk(struct doctor *d, const struct config *config)
{
    int64_t free_mib = fs_free_bytes(config->data_dir) / (int64_t)VDO_MIB;

    if (free_mib < 0)
        say(d, BAD, "disk", "%s cannot be read; create it or set data_dir", config->data_dir);
    else if (free_mib < 1024)
        say(d, BAD, "disk", "%lld MiB free in %s; mirrors and checks need 1 GiB at least",
            (long long)free_mib, config->data_dir);
    else
        say(d, GOOD, "disk", "%lld MiB free in %s", (long long)free_mib, config->data_dir);
}

static void check_sandbox(struct doctor *d, struct sandbox *sandbox)
{
    json_auto_t *facts = sandbox_facts(sandbox);
    size_t i;
    json_t *fact;

    say(d, sandbox_available(sandbox) ? GOOD : BAD, "sandbox", "%s", sandbox_describe(sandbox));
    json_array_foreach (facts, i, fact) {
        const char *status = js_str(fact, "status", "");

        say(d,
            strcmp(status, "ok") == 0   ? GOOD :
            strcmp(status, "fail") == 0 ? BAD :
                                          NOTE,
            js_str(fact, "fact", ""), "%s", js_str(fact, "text", ""));
    }
}

static void check_programs(struct doctor *d)
{
    if (access("/usr/bin/ctags", X_OK) == 0)
        say(d, GOOD, "ctags", "/usr/bin/ctags");
    else
        say(d, NOTE, "ctags",
            "not installed: files are ranked without symbols; apt-get install universal-ctags");
}

static void check_forge(struct doctor *d, struct app *app, const struct config *config)
{
    struct forge_session *session;
    const struct forge_identity *us = NULL;
    struct err err = {0};

    if (strcmp(config->forge, "github") != 0) {
        say(d, NOTE, "forge", "%s", config->forge);
        return;
    }
    session = forge_session_new(app_forge(app), NULL);
    if (forge_identity(session, &us, &err))
        say(d, BAD, "github", "%s; check github.api_url and the credentials", err.text);
    else
        say(d, GOOD, "github", "%s at %s", us->login, config->github.api_url);
    if (config->github.n_webhook_secrets == 0)
        say(d, BAD, "webhook", "github.webhook_secret is not set; every delivery would be refused");
    else
        say(d, GOOD, "webhook",
            "%zu secrets; the hook's URL is %s%s, content type application/json",
            config->github.n_webhook_secrets, config->public_url, config->webhook_path);
    forge_session_free(session);
}

/* What the last process that used the provider made of it. */
static void say_health(struct doctor *d, struct app *app, const char *name)
{
    json_auto_t *health = NULL;
    int64_t now = clock_now_ms(clock_real());
    int64_t ok = 0;
    int64_t bad = 0;
    const char *breaker;

    if (store_doc_get(app_store(app), MODEL_HEALTH_KIND, name, &health, NULL))
        return;
    ok = js_int(health, "last_ok_ms", 0);
    bad = js_int(health, "last_error_ms", 0);
    breaker = js_str(health, "breaker", "closed");
    if (ok)
        say(d, NOTE, "provider",
            "%s: answered last %lld s ago; of the last answers half took %lld ms, 95 of 100 %lld "
            "ms; breaker %s",
            name, (long long)(now - ok) / 1000, (long long)js_int(health, "latency_ms.p50", 0),
            (long long)js_int(health, "latency_ms.p95", 0), breaker);
    if (bad)
        say(d, NOTE, "provider", "%s: failed last %lld s ago: %s", name,
            (long long)(now - bad) / 1000, js_str(health, "last_error", ""));
}

static void check_providers(struct doctor *d, struct app *app, const struct config *config)
{
    struct model_session *session = model_session_new(app_model(app), NULL);

    for (size_t i = 0; i < config->n_providers; i++) {
        const char *name = config->provider[i].name;
        struct model_ping ping = {0};
        struct err err = {0};

        if (model_ping(session, name, &ping, &err))
            say(d, BAD, "provider", "%s: %s", name, err.text);
        else if (!ping.reachable || !ping.key_accepted || !ping.model_known)
            say(d, BAD, "provider", "%s: %s", name, ping.detail);
        else
            say(d, GOOD, "provider", "%s: %s, %lld ms", name, ping.detail,
                (long long)ping.latency_ms);
        say_health(d, app, name);
    }
    model_session_free(session);
}

/* Without the forge where that is what fails: the rest is examined all the same. */
static struct app *start(struct doctor *d, struct config *config)
{
    const unsigned parts = APP_STORE | APP_FORGE | APP_WORK;
    struct app *app = NULL;
    struct err err = {0};

    if (app_new(config, parts, &app, &err) == VDO_OK)
        return app;
    say(d, BAD, "start", "%s", err.text);
    d->no_forge = true;
    free(config->forge);
    config->forge = xstrdup("local");
    return app_new(config, parts, &app, NULL) == VDO_OK ? app : NULL;
}

static int examine(struct doctor *d, struct config *config)
{
    struct app *app;
    struct err err = {0};

    say(d, GOOD, "config", "%s", config->path);
    app = start(d, config);
    if (!app)
        return EXIT_FAILED;
    if (store_ping(app_store(app), &err))
        say(d, BAD, "store", "%s", err.text);
    else
        say(d, GOOD, "store", "%s", config->store);
    say(d, GOOD, "bus", "%s", config->bus);
    check_disk(d, config);
    check_sandbox(d, app_sandbox(app));
    check_programs(d);
    if (!d->no_forge)
        check_forge(d, app, config);
    check_providers(d, app, config);
    app_free(app, 0);
    return d->failed ? EXIT_FAILED : EXIT_DONE;
}

int cli_doctor(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct doctor d = {.lines = json_array()};
    const char *path = NULL;
    struct config *config;
    int code;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:jh", options, NULL)) != -1) {
        if (c == 'c')
            path = optarg;
        else if (c == 'j')
            d.json = true;
        else {
            json_decref(d.lines);
            return (void)fputs(help, c == 'h' ? stdout : stderr), c == 'h' ? EXIT_DONE : EXIT_USAGE;
        }
    }
    config = common_config(path, CONFIG_FOR_CHECK);
    if (!config) {
        json_decref(d.lines);
        return EXIT_USAGE;
    }
    code = examine(&d, config);
    if (d.json) {
        json_auto_t *out = json_pack("{s:b, s:O}", "ok", d.failed == 0, "checks", d.lines);

        common_print_json(out);
    }
    json_decref(d.lines);
    config_free(config);
    return code;
}
