#include "common.h"
#include "local_job.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: vdo run [-c FILE] --repo DIR --issue FILE.md [--base REF] [--type TYPE] [--json]\n"
    "Runs one job on a local git repository and makes a branch in it; checked-out files are not touched.\n\n"
    "  -c, --config FILE  configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "  -r, --repo DIR     git repository\n"
    "  -i, --issue FILE   what to do, as Markdown; the first line is the title\n"
    "  -b, --base REF     branch to start from (default: the current one)\n"
    "  -t, --type TYPE    bugfix, feature, test, docs or refactor (default feature): the verdict asks new\n"
    "                     tests of a bugfix or feature to fail without the change\n"
    "  -j, --json         one JSON document on standard output\n\n"
    "SIGINT, SIGTERM and SIGHUP cancel the job; the exit code is then 128 and the signal's number.\n";

struct arguments {
    const char *config;
    const char *repo;
    const char *issue;
    const char *base;
    const char *type;
    bool json;
};

static bool is_type(const char *type)
{
    static const char *const types[] = {"bugfix", "feature", "test", "docs", "refactor"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i], type) == 0)
            return true;
    }
    return false;
}

/* EXIT_DONE to go on; -1: help was printed; EXIT_USAGE. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"repo", required_argument, NULL, 'r'},
        {"issue", required_argument, NULL, 'i'},  {"base", required_argument, NULL, 'b'},
        {"type", required_argument, NULL, 't'},   {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:r:i:b:t:jh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a->config = optarg;
            break;
        case 'r':
            a->repo = optarg;
            break;
        case 'i':
            a->issue = optarg;
            break;
        case 'b':
            a->base = optarg;
            break;
        case 't':
            a->type = optarg;
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
        return common_fail("run", EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
    if (!a->repo || !a->issue)
        return common_fail("run", EXIT_USAGE, "--repo DIR and --issue FILE.md are needed");
    if (a->type && !is_type(a->type))
        return common_fail("run", EXIT_USAGE,
                           "--type %s: give bugfix, feature, test, docs or refactor", a->type);
    return EXIT_DONE;
}

/* Work tree, linked work tree or bare repository. */
static bool is_repository(const char *dir)
{
    AUTO_FREE char *git = fs_join(dir, ".git");
    AUTO_FREE char *objects = fs_join(dir, "objects");
    AUTO_FREE char *head = fs_join(dir, "HEAD");

    return fs_exists(git) || (fs_exists(head) && fs_is_dir(objects));
}

static int run_job(const struct arguments *a, const struct config *config, const char *text)
{
    int caught = 0;
    struct local_job spec = {
        .dir = a->repo, .base = a->base, .text = text, .type = a->type, .caught = &caught};
    struct app *app = NULL;
    struct job job = {0};
    struct err err = {0};
    int code;
    int rc;

    local_job_signals();
    rc = app_new(config, APP_STORE | APP_FORGE | APP_WORK, &app, &err);

    if (!rc)
        rc = local_job_run(app, &spec, &job, &err);
    if (rc) {
        app_free(app, 0);
        return common_fail("run", rc == VDO_E_INVALID ? EXIT_USAGE : common_exit_code(rc), "%s",
                           err.text);
    }
    if (a->json) {
        json_auto_t *out = local_job_json(app, &job);

        common_print_json(out);
    } else {
        local_job_print(app, &job);
    }
    code = local_job_exit_code(&job);
    if (code)
        (void)common_fail("run", code, "%s: %s", job.headline, job.reason);
    job_release(&job);
    app_free(app, 0);
    return code && caught ? 128 + caught : code;
}

int cli_run(int argc, char **argv)
{
    struct arguments a = {0};
    AUTO_FREE char *text = NULL;
    struct config *config;
    struct err err = {0};
    int code = read_arguments(argc, argv, &a);

    if (code)
        return code < 0 ? EXIT_DONE : code;
    if (fs_read_file(a.issue, VDO_MAX_ISSUE_TEXT, &text, NULL, &err))
        return common_fail("run", EXIT_USAGE, "%s", err.text);
    if (!fs_is_dir(a.repo))
        return common_fail("run", EXIT_USAGE, "--repo %s: no such directory", a.repo);
    if (!is_repository(a.repo))
        return common_fail("run", EXIT_USAGE,
                           "--repo %s: not a git repository; give its top directory, or make one "
                           "with 'git init' and commit",
                           a.repo);
    config = common_config(a.config, CONFIG_FOR_RUN);
    if (!config)
        return EXIT_USAGE;
    (void)signal(SIGPIPE, SIG_IGN);
    free(config->forge);
    config->forge = xstrdup("local");
    code = run_job(&a, config, text);
    config_free(config);
    return code;
}
