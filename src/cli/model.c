#include "common.h"
#include "model_cmd.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"
#include "vdo/model/model.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: vdo model ping [PROVIDER]       is it reachable, the key accepted, the model known\n"
    "       vdo model list                  providers, prices and the roles that use them\n"
    "       vdo model ask [--provider P | --role R] [--tools] [--schema FILE] TEXT\n\n"
    "  -c, --config FILE    configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -j, --json           one JSON document on standard output\n"
    "  -p, --provider NAME  ask this provider only\n"
    "  -r, --role ROLE      ask as refiner, planner, builder (default), tester or reviewer\n"
    "  -t, --tools          offer two tools to the model, which are not run\n"
    "  -s, --schema FILE    want an answer in JSON that fits this schema\n\n"
    "TEXT - is read from standard input.\n";

/* ---- ping ---- */

static bool ping_one(struct model_cmd *cmd, const char *name, json_t *all)
{
    struct model_ping ping = {0};
    struct err err = {0};
    bool good;

    if (model_ping(cmd->session, name, &ping, &err))
        (void)snprintf(ping.detail, sizeof(ping.detail), "%s", err.text);
    good = ping.reachable && ping.key_accepted && ping.model_known;
    if (!cmd->json)
        (void)printf("%-12s %-6s %6lld ms  %s\n", name, good ? "ok" : "FAILED",
                     (long long)ping.latency_ms, ping.detail);
    (void)json_array_append_new(
        all,
        json_pack("{s:s, s:b, s:b, s:b, s:I, s:o, s:o}", "name", name, "reachable", ping.reachable,
                  "key_accepted", ping.key_accepted, "model_known", ping.model_known, "latency_ms",
                  (json_int_t)ping.latency_ms, "context_tokens",
                  ping.context_tokens ? json_integer(ping.context_tokens) : json_null(), "detail",
                  js_string_lossy(ping.detail, strlen(ping.detail))));
    return good;
}

static int ping(struct model_cmd *cmd, const char *name)
{
    json_t *all = json_array();
    json_auto_t *out = json_pack("{s:o}", "providers", all);
    bool good = true;

    if (name && !config_find_provider(cmd->config, name))
        return common_fail("model ping", EXIT_USAGE,
                           "no provider %s in %s (one whose key is unset is left out)", name,
                           cmd->config->path);
    if (name)
        good = ping_one(cmd, name, all);
    for (size_t i = 0; !name && i < cmd->config->n_providers; i++)
        good = ping_one(cmd, cmd->config->provider[i].name, all) && good;
    if (cmd->json)
        common_print_json(out);
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- list ---- */

/* Dollars per million tokens, from the price of a thousand: a million would be a long prompt. */
static json_t *price_of(const struct model_cmd *cmd, const char *provider, const struct usage *used)
{
    int64_t price = model_price(cmd->model, provider, NULL, used, clock_now_ms(clock_real()));

    return price < 0 ? NULL : json_real((double)price / 1000);
}

static json_t *prices(const struct model_cmd *cmd, const char *provider)
{
    const struct usage in = {.input = 1000};
    const struct usage out = {.output = 1000};
    const struct usage read = {.cache_read = 1000};
    const struct usage write = {.cache_write = 1000};
    json_t *input = price_of(cmd, provider, &in);

    return input ? json_pack("{s:o, s:o, s:o, s:o}", "input", input, "output",
                             price_of(cmd, provider, &out), "cache_read",
                             price_of(cmd, provider, &read), "cache_write",
                             price_of(cmd, provider, &write)) :
                   json_null();
}

/* This process has asked nobody: how the provider is doing is known from the last one that did. */
static void add_health(const struct model_cmd *cmd, json_t *one)
{
    static const char *const members[] = {"breaker", "last_ok_ms", "last_error_ms", "last_error",
                                          "calls",   "failures",   "latency_ms"};
    json_auto_t *health = NULL;

    if (!cmd->store ||
        store_doc_get(cmd->store, MODEL_HEALTH_KIND, js_str(one, "name", ""), &health, NULL))
        return;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(health, members[i]);

        if (member)
            (void)json_object_set(one, members[i], member);
    }
}

static json_t *roles_of(const struct config *config, const char *provider)
{
    json_t *roles = json_array();

    for (int role = 0; role < CONFIG_ROLES; role++) {
        for (size_t i = 0; i < config->role[role].n; i++) {
            if (strcmp(config->role[role].provider[i], provider) == 0)
                (void)json_array_append_new(roles, json_string(role_name((enum role)role)));
        }
    }
    return roles;
}

static void print_provider(const json_t *one)
{
    const json_t *price = json_object_get(one, "usd_per_mtok");
    const json_t *roles = json_object_get(one, "roles");
    const json_t *role;
    size_t i;

    (void)printf("%-12s %-16s %-22s ", js_str(one, "name", ""), js_str(one, "api", ""),
                 js_str(one, "model", ""));
    if (json_is_object(price))
        (void)printf("$%g in, $%g out per million  ", js_num(price, "input", 0),
                     js_num(price, "output", 0));
    else
        (void)printf("no price known  ");
    json_array_foreach (roles, i, role) {
        (void)printf("%s%s", i ? " " : "", json_string_value(role));
    }
    (void)printf("\n");
}

static int list(struct model_cmd *cmd)
{
    json_auto_t *report = model_report(cmd->model);
    json_auto_t *out = json_pack("{s:O}", "providers", report);
    json_t *one;
    size_t i;

    json_array_foreach (report, i, one) {
        const struct config_provider *provider = &cmd->config->provider[i];

        add_health(cmd, one);
        (void)json_object_set_new(one, "usd_per_mtok", prices(cmd, provider->name));
        (void)json_object_set_new(one, "roles", roles_of(cmd->config, provider->name));
        if (!cmd->json)
            print_provider(one);
    }
    if (cmd->json)
        common_print_json(out);
    return EXIT_DONE;
}

/* ---- the command ---- */

/* The ledger and the health of a running system are used; a store is not made for one question. */
static int open_store(struct model_cmd *cmd)
{
    static const char scheme[] = "sqlite:";
    const char *url = cmd->config->store;
    struct err err = {0};

    if (strncmp(url, scheme, strlen(scheme)) == 0 && !fs_exists(url + strlen(scheme)))
        return VDO_OK;
    if (store_open(url, clock_real(), &cmd->store, &err) == VDO_OK)
        return VDO_OK;
    return common_fail("model", EXIT_FAILED, "%s", err.text);
}

static int run(struct model_cmd *cmd, const char *verb, const char *word)
{
    struct err err = {0};
    int code = strcmp(verb, "ping") == 0 ? 0 : open_store(cmd);

    if (code)
        return code;
    if (model_open(cmd->config, cmd->store, clock_real(), &cmd->model, &err))
        return common_fail("model", EXIT_FAILED, "%s", err.text);
    cmd->session = model_session_new(cmd->model, NULL);
    if (strcmp(verb, "ping") == 0)
        code = ping(cmd, word);
    else if (strcmp(verb, "list") == 0)
        code = list(cmd);
    else
        code = model_ask(cmd, word);
    model_session_free(cmd->session);
    model_close(cmd->model);
    return code;
}

static bool read_role(const char *name, enum role *out)
{
    for (int i = 0; i < CONFIG_ROLES; i++) {
        if (strcmp(role_name((enum role)i), name) == 0) {
            *out = (enum role)i;
            return true;
        }
    }
    return false;
}

static int usage(void)
{
    (void)fputs(help, stderr);
    return EXIT_USAGE;
}

/* Words behind the options: VERB and what it takes. */
static bool words_are_right(int n, char **words)
{
    if (n == 0)
        return false;
    if (strcmp(words[0], "ping") == 0)
        return n <= 2;
    if (strcmp(words[0], "list") == 0)
        return n == 1;
    return strcmp(words[0], "ask") == 0 && n == 2;
}

int cli_model(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},   {"json", no_argument, NULL, 'j'},
        {"provider", required_argument, NULL, 'p'}, {"role", required_argument, NULL, 'r'},
        {"tools", no_argument, NULL, 't'},          {"schema", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct model_cmd cmd = {.role = ROLE_BUILDER};
    const char *path = NULL;
    int code;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:jp:r:ts:h", options, NULL)) != -1) {
        if (c == 'c')
            path = optarg;
        else if (c == 'j')
            cmd.json = true;
        else if (c == 'p')
            cmd.provider = optarg;
        else if (c == 't')
            cmd.tools = true;
        else if (c == 's')
            cmd.schema_file = optarg;
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_DONE;
        else if (c != 'r')
            return usage();
        else if (!read_role(optarg, &cmd.role))
            return common_fail("model", EXIT_USAGE,
                               "--role %s: one of refiner planner builder tester reviewer", optarg);
    }
    if (!words_are_right(argc - optind, argv + optind))
        return usage();
    cmd.config = common_config(path, CONFIG_FOR_RUN);
    if (!cmd.config)
        return EXIT_USAGE;
    code = run(&cmd, argv[optind], argc - optind > 1 ? argv[optind + 1] : NULL);
    store_close(cmd.store);
    config_free(cmd.config);
    return code;
}
