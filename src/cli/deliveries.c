#include "common.h"

#include "vdo/app/app.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"
#include "vdo/report/report.h"
#include "vdo/store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: vdo deliveries [-c FILE] [--json] [list | show GUID | redo GUID]\n"
    "What came in from the forge and what became of it. redo: a failed or dead delivery is handled again.\n\n"
    "  -c, --config FILE  configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -j, --json         one JSON document on standard output\n";

enum { PAGE = 100 };

static int list(struct app *app, bool json, struct err *err)
{
    json_auto_t *out = json_pack("{s:[]}", "deliveries");
    struct delivery *all = NULL;
    size_t n = 0;
    int rc = store_delivery_list(app_store(app), NULL, -1, 0, PAGE, &all, &n, err);

    for (size_t i = 0; i < n; i++) {
        json_t *item = report_delivery_json(&all[i]);

        if (!json)
            (void)printf("%s %-36s %-14s %-10s %-8s %s\n", js_str(item, "received_at", ""),
                         all[i].guid, all[i].event, all[i].action ? all[i].action : "",
                         delivery_state_name(all[i].state), all[i].reason ? all[i].reason : "");
        (void)json_array_append_new(json_object_get(out, "deliveries"), item);
        delivery_release(&all[i]);
    }
    free(all);
    if (!rc && json)
        common_print_json(out);
    return rc;
}

static int show(struct app *app, const char *guid, struct err *err)
{
    struct delivery delivery = {0};
    json_auto_t *out = NULL;
    int rc = store_delivery_get(app_store(app), guid, &delivery, err);

    if (rc)
        return rc;
    out = report_delivery_json(&delivery);
    common_print_json(out);
    delivery_release(&delivery);
    return VDO_OK;
}

static int redo(struct app *app, const char *guid, struct err *err)
{
    int rc = store_delivery_redo(app_store(app), guid, err);

    if (!rc)
        (void)printf("%s: pending again\n", guid);
    return rc;
}

static int run_verb(const char *config_path, bool json, const char *verb, const char *guid)
{
    struct config *config = common_config(config_path, CONFIG_FOR_CHECK);
    struct app *app = NULL;
    struct err err = {0};
    int rc;

    if (!config)
        return EXIT_USAGE;
    rc = app_new(config, APP_STORE, &app, &err);
    if (!rc && strcmp(verb, "list") == 0)
        rc = list(app, json, &err);
    else if (!rc && strcmp(verb, "show") == 0)
        rc = show(app, guid, &err);
    else if (!rc)
        rc = redo(app, guid, &err);
    app_free(app, 0);
    config_free(config);
    return rc ? common_fail("deliveries", common_exit_code(rc), "%s", err.text) : EXIT_DONE;
}

int cli_deliveries(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL;
    const char *verb;
    bool json = false;
    bool needs_guid;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:jh", options, NULL)) != -1) {
        if (c == 'c')
            config = optarg;
        else if (c == 'j')
            json = true;
        else
            return (void)fputs(help, c == 'h' ? stdout : stderr), c == 'h' ? EXIT_DONE : EXIT_USAGE;
    }
    verb = optind < argc ? argv[optind] : "list";
    needs_guid = strcmp(verb, "show") == 0 || strcmp(verb, "redo") == 0;
    if ((!needs_guid && strcmp(verb, "list") != 0) ||
        argc - optind - (optind < argc) != (needs_guid ? 1 : 0)) {
        (void)fputs(help, stderr);
        return EXIT_USAGE;
    }
    return run_verb(config, json, verb, needs_guid ? argv[optind + 1] : NULL);
}
