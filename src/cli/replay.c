#include "common.h"

#include "vdo/app/app.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/cli/commands.h"
#include "vdo/gitrepo/gitrepo.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"
#include "vdo/pipeline/replay.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: vdo replay [-c FILE] [--json] ID\n"
    "       vdo replay [-c FILE] --export FILE ID\n"
    "       vdo replay [--json] --import FILE\n"
    "Runs a recorded job again from its record, with no model, no sandbox and no network, and compares what is said to\n"
    "models and what each step leaves behind. Ends with 1 at a difference and shows the first.\n\n"
    "  -c, --config FILE   configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -e, --export FILE   write the record with the repository's files into one file, secrets hidden; nothing is run\n"
    "  -i, --import FILE   replay such a file; needs no configuration and no store\n"
    "  -j, --json          one JSON document on standard output\n";

struct arguments {
    const char *config;
    const char *export;
    const char *import;
    const char *id;
    bool json;
};

/* EXIT_DONE to go on; -1: help was printed; EXIT_USAGE. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"export", required_argument, NULL, 'e'},
        {"import", required_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:e:i:jh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a->config = optarg;
            break;
        case 'e':
            a->export = optarg;
            break;
        case 'i':
            a->import = optarg;
            break;
        case 'j':
            a->json = true;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return -1;
        default:
            (void)fputs(help, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc)
        a->id = argv[optind++];
    if (optind < argc)
        return common_fail("replay", EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
    if (!a->id == !a->import)
        return common_fail("replay", EXIT_USAGE, "either a job's ID or --import FILE is needed");
    if (a->import && a->export)
        return common_fail("replay", EXIT_USAGE, "--import and --export exclude each other");
    return EXIT_DONE;
}

/* ---- the record ---- */

static int record_of_job(const struct arguments *a, const struct config *config, json_t **out,
                         struct err *err)
{
    struct app *app = NULL;
    int rc = app_new(config, APP_STORE, &app, err);

    if (rc)
        return rc;
    rc = gitrepo_startup(err);
    if (!rc)
        rc = record_export(app_store(app), config->data_dir, &config->limits, a->id,
                           a->export != NULL, out, err);
    gitrepo_shutdown();
    app_free(app, 0);
    return rc;
}

static int record_of_file(const char *path, json_t **out, struct err *err)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    int rc = fs_read_file(path, VDO_MAX_JSON_BYTES, &text, &len, err);

    if (!rc)
        rc = js_parse(text, len, out, err);
    return rc ? (err_wrap(err, "%s", path), VDO_E_INVALID) : VDO_OK;
}

static int write_record(const char *path, const json_t *record, struct err *err)
{
    AUTO_FREE char *text = js_dump(record);
    size_t len = strlen(text);

    if (len > VDO_MAX_JSON_BYTES)
        return err_set(err, VDO_E_TOO_LARGE, "the record has %zu MiB; at most %lu are read back",
                       len >> 20, VDO_MAX_JSON_BYTES >> 20);
    return fs_write_atomic(path, text, len, 0600, err);
}

/* ---- the run ---- */

/* A place of its own: nothing of the installation is read or changed. */
static int make_config(const char *root, const json_t *record, struct config **out, struct err *err)
{
    static const char roles[] = "{refiner: [replay], planner: [replay], builder: [replay], "
                                "tester: [replay], reviewer: [replay]}";
    AUTO_FREE char *text = xasprintf(
        "data_dir: %s/data\nstore: sqlite:%s/data/vdo.db\nforge: local\nworkers: 1\n"
        "providers: {replay: {api: script, file: record}}\nroles: %s\n"
        "limits: {job_usd: 0, day_usd: 0, month_usd: 0, job_minutes: 1440, job_turns: %lld, "
        "job_output_tokens: %lld, fix_rounds: %lld, review_rounds: %lld}\n",
        root, root, roles, (long long)js_int(record, "limits.job_turns", 120),
        (long long)js_int(record, "limits.job_output_tokens", 400000),
        (long long)js_int(record, "limits.fix_rounds", 3),
        (long long)js_int(record, "limits.review_rounds", 2));

    return config_parse("replay", text, strlen(text), CONFIG_FOR_RUN, out, NULL, err);
}

static int run(struct app *app, struct replay *replay, const char *dir, json_t **out,
               struct err *err)
{
    char id[RAND_ID_SIZE];
    int rc;

    replay_install(replay, app_pipeline(app), app_model(app));
    rc = replay_submit(replay, app_jobs(app), app_store(app), dir, id, err);
    if (!rc)
        rc = jobs_run_now(app_jobs(app), id, err);
    return rc ? rc : replay_report(replay, app_store(app), id, out, err);
}

static int run_in(const char *root, const json_t *record, const char *data_dir, json_t **out,
                  struct err *err)
{
    AUTO_FREE char *dir = fs_join(root, "project");
    struct config *config = NULL;
    struct replay *replay = NULL;
    struct app *app = NULL;
    int rc = replay_new(record, &replay, err);

    if (!rc)
        rc = make_config(root, record, &config, err);
    if (!rc)
        rc = app_new(config, APP_STORE | APP_FORGE | APP_WORK, &app, err);
    if (!rc)
        rc = replay_make_repository(replay, data_dir, dir, err);
    if (!rc)
        rc = run(app, replay, dir, out, err);
    app_free(app, 0);
    config_free(config);
    replay_free(replay);
    return rc;
}

static int replay(const json_t *record, const char *data_dir, json_t **out, struct err *err)
{
    char root[] = "/tmp/vdo-replay-XXXXXX";
    int rc;

    if (!mkdtemp(root))
        return err_set(err, VDO_E_IO, "a temporary directory cannot be made in /tmp");
    rc = run_in(root, record, data_dir, out, err);
    (void)fs_remove_tree(root, NULL);
    return rc;
}

/* ---- what came of it ---- */

static int show(const struct arguments *a, const json_t *report)
{
    const json_t *difference = json_object_get(report, "difference");

    if (a->json)
        common_print_json(report);
    else if (!json_is_object(difference))
        (void)printf("identical: %lld steps, %lld model calls, %lld commands, job %s (%s)\n",
                     (long long)js_int(report, "steps", 0), (long long)js_int(report, "calls", 0),
                     (long long)js_int(report, "commands", 0), js_str(report, "job", ""),
                     js_str(report, "state", ""));
    if (!json_is_object(difference))
        return EXIT_DONE;
    if (!a->json)
        (void)printf("first difference: %s%s%s\n  recorded: %s\n  now:      %s\n",
                     js_str(difference, "what", ""),
                     *js_str(difference, "where", "") ? ", at " : "",
                     js_str(difference, "where", ""), js_str(difference, "recorded", ""),
                     js_str(difference, "now", ""));
    return common_fail("replay", EXIT_FAILED, "the replay differs from the record");
}

static int act(const struct arguments *a, const struct config *config)
{
    json_auto_t *record = NULL;
    json_auto_t *report = NULL;
    struct err err = {0};
    int rc = a->import ? record_of_file(a->import, &record, &err) :
                         record_of_job(a, config, &record, &err);

    if (!rc && a->export)
        rc = write_record(a->export, record, &err);
    else if (!rc)
        rc = replay(record, config ? config->data_dir : NULL, &report, &err);
    if (rc)
        return common_fail("replay", rc == VDO_E_INVALID ? EXIT_USAGE : common_exit_code(rc), "%s",
                           err.text);
    return a->export ? EXIT_DONE : show(a, report);
}

int cli_replay(int argc, char **argv)
{
    struct arguments a = {0};
    struct config *config = NULL;
    int code = read_arguments(argc, argv, &a);

    if (code)
        return code < 0 ? EXIT_DONE : code;
    if (!a.import) {
        config = common_config(a.config, CONFIG_FOR_CHECK);
        if (!config)
            return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    code = act(&a, config);
    config_free(config);
    return code;
}
