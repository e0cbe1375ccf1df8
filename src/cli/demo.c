#include "demo.h"

#include "common.h"
#include "local_job.h"
#include "until_signal.h"

#include "vdo/base/assets.h"
#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/gitrepo/gitrepo.h"
#include "vdo/report/report.h"
#include "vdo/sandbox/sandbox.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "Usage: vdo demo [--keep DIR] [--serve]\n"
    "Runs the main job from an issue to a pull request on a sample project: local forge, scripted model, real index,\n"
    "real sandbox. Needs no network and ends by itself.\n\n"
    "      --keep DIR  work in DIR and leave it there (default: a temporary directory, removed at the end)\n"
    "      --serve     keep the status page up afterwards\n";

static const char project[] = "config/demo/project/";

static const char config_text[] = "server: {listen: \"127.0.0.1:8420\"}\n"
                                  "data_dir: %s/data\n"
                                  "store: sqlite:%s/data/vdo.db\n"
                                  "forge: local\n"
                                  "log: {level: warn}\n"
                                  "providers:\n"
                                  "  script: {api: script, file: config/demo/script.json}\n"
                                  "limits: {job_usd: 1}\n";

static int write_file(const char *dir, const char *name, const char *bytes, size_t len,
                      struct err *err)
{
    AUTO_FREE char *path = fs_join(dir, strcmp(name, "gitignore") == 0 ? ".gitignore" : name);
    AUTO_FREE char *parent = xstrdup(path);
    int rc;

    *strrchr(parent, '/') = '\0';
    rc = fs_make_dirs(parent, 0755, err);
    return rc ? rc : fs_write_atomic(path, bytes, len, 0644, err);
}

/* The sample project's files come out of the program itself. */
static int write_project(const char *dir, struct err *err)
{
    const char *name;
    int rc = fs_make_dirs(dir, 0755, err);

    for (size_t i = 0; !rc && (name = assets_name(i)); i++) {
        AUTO_FREE char *bytes = NULL;
        size_t len;

        if (strncmp(name, project, sizeof(project) - 1) != 0)
            continue;
        rc = assets_load(name, &bytes, &len, err);
        if (!rc)
            rc = write_file(dir, name + sizeof(project) - 1, bytes, len, err);
    }
    if (!rc)
        rc = gitrepo_startup(err);
    if (!rc)
        rc = gitrepo_make(dir, "Sample project", "Demo", "demo@example.invalid",
                          clock_now_ms(clock_real()) / 1000, err);
    return rc;
}

static struct config *demo_config(const char *root)
{
    AUTO_FREE char *text = NULL;
    AUTO_STRBUF errors = {0};
    struct config *config = NULL;
    struct strbuf filled;
    struct err err = {0};

    strbuf_init(&filled, 8192);
    (void)strbuf_addf(&filled, config_text, root, root);
    text = strbuf_take(&filled, NULL);
    strbuf_init(&errors, 8192);
    if (config_parse("demo configuration", text, strlen(text), CONFIG_FOR_RUN, &config, &errors,
                     &err))
        (void)common_fail("demo", EXIT_FAILED, "%s", err.text);
    return config;
}

static void print_comment(struct app *app, const struct job *job)
{
    AUTO_FREE char *comment = NULL;

    if (report_progress((void *)(uintptr_t)app_report(app), job->id, &comment, NULL) == VDO_OK)
        (void)printf("\n--- the living comment, as it stands below the issue at the end ---\n%s\n",
                     comment);
}

static void print_outlook(const char *root, const struct job *job, bool kept)
{
    if (kept)
        (void)printf("\nLook further:\n"
                     "  git -C %s/project show %s\n"
                     "  vdo demo --keep %s --serve     the status page of this job\n",
                     root, job->branch, root);
    else
        (void)printf("\nLook further:\n"
                     "  vdo demo --keep DIR     leaves the project and its branch in DIR\n"
                     "  vdo serve --demo        keeps the status page up\n");
}

static int run_issue(struct app *app, const char *root, bool kept, struct err *err)
{
    AUTO_FREE char *dir = fs_join(root, "project");
    AUTO_FREE char *issue = NULL;
    struct local_job spec = {.dir = dir};
    struct job job = {0};
    int code;
    int rc = assets_load("config/demo/issue.md", &issue, NULL, err);

    if (rc)
        return EXIT_FAILED;
    (void)printf("VDO demo: a sample C project whose own tests fail, and an issue about it.\n"
                 "The model is a script (config/demo/script.json): no network, no key, no cost.\n"
                 "Everything else is real: git, index, sandbox (%s), checks, verdict.\n\n"
                 "--- the issue ---\n%s\n--- the job ---\n",
                 sandbox_describe(app_sandbox(app)), issue);
    (void)fflush(stdout);
    spec.text = issue;
    rc = local_job_run(app, &spec, &job, err);
    if (rc)
        return EXIT_FAILED;
    print_comment(app, &job);
    (void)printf("--- the result ---\n");
    local_job_print(app, &job);
    if (job.pr)
        (void)printf("pull request %lld on the local forge\n", (long long)job.pr);
    code = local_job_exit_code(&job);
    if (code)
        (void)common_fail("demo", code, "%s: %s", job.headline, job.reason);
    else
        print_outlook(root, &job, kept);
    job_release(&job);
    return code;
}

/* A root that holds a finished demonstration is used as it is. */
static int prepare(const char *root, bool *out_there, struct err *err)
{
    AUTO_FREE char *dir = fs_join(root, "project");

    *out_there = fs_is_dir(dir);
    return *out_there ? VDO_OK : write_project(dir, err);
}

static int run_demo(const char *root, bool kept, bool serve)
{
    struct config *config = demo_config(root);
    struct app *app = NULL;
    struct err err = {0};
    bool there = false;
    int code = EXIT_FAILED;
    int rc;

    if (!config)
        return EXIT_FAILED;
    (void)signal(SIGPIPE, SIG_IGN);
    rc = prepare(root, &there, &err);
    if (!rc && there && serve) {
        code = EXIT_DONE;
    } else {
        if (!rc)
            rc = app_new(config, APP_STORE | APP_FORGE | APP_WORK, &app, &err);
        if (!rc)
            code = run_issue(app, root, kept, &err);
        app_free(app, 0);
        if (err.code)
            (void)common_fail("demo", EXIT_FAILED, "%s", err.text);
    }
    if (code == EXIT_DONE && serve) {
        (void)printf("status page: %s/  (end with Ctrl-C)\n", config->public_url);
        (void)fflush(stdout);
        code = serve_until_signal(config, APP_STORE | APP_FORGE | APP_WORK | APP_WEB);
    }
    config_free(config);
    return code;
}

static int run_in_temporary(bool serve)
{
    char root[] = "/tmp/vdo-demo-XXXXXX";
    int code;

    if (!mkdtemp(root))
        return common_fail("demo", EXIT_FAILED, "a temporary directory cannot be made in /tmp");
    /* The sandbox's own user must be able to pass through. */
    (void)chmod(root, 0755);
    code = run_demo(root, false, serve);
    (void)fs_remove_tree(root, NULL);
    return code;
}

int demo_serve(void)
{
    return run_in_temporary(true);
}

int cli_demo(int argc, char **argv)
{
    static const struct option options[] = {{"keep", required_argument, NULL, 'k'},
                                            {"serve", no_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    AUTO_FREE char *root = NULL;
    const char *keep = NULL;
    struct err err = {0};
    bool serve = false;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'k')
            keep = optarg;
        else if (c == 's')
            serve = true;
        else
            return (void)fputs(help, c == 'h' ? stdout : stderr), c == 'h' ? EXIT_DONE : EXIT_USAGE;
    }
    if (optind < argc)
        return common_fail("demo", EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
    if (!keep)
        return run_in_temporary(serve);
    if (fs_make_dirs(keep, 0755, &err))
        return common_fail("demo", EXIT_FAILED, "%s", err.text);
    root = realpath(keep, NULL);
    return root ? run_demo(root, true, serve) : EXIT_FAILED;
}
