#include "vdo/config/repo_config.h"

#include "vdo/base/mem.h"

#include "check.h"
#include "providers.h"
#include "table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define AT(member)       .offset = offsetof(struct repo_config, member)
#define COUNT_AT(member) .offset_n = offsetof(struct repo_config, member)
#define IN(member)       .offset = offsetof(struct repo_check, member)

enum { MAX_CHECKS = 64, MAX_PATHS = 64, MS = 1000 };

static const char modes[] = "auto supervised human";

static const struct option rows[] = {
    {.shown = {"instructions", NULL, NULL, "paths",
               "Files that tell models how to work here. AGENTS.md, CLAUDE.md and "
               ".github/copilot-instructions.md are found without being named."},
     .kind = OPTION_TEXTS,
     .check = check_repo_path,
     AT(instructions),
     COUNT_AT(n_instructions)},
    {.shown = {"setup", NULL, NULL, "shell commands", "Run before the checks, in this order."},
     .kind = OPTION_TEXTS,
     AT(setup),
     COUNT_AT(n_setup)},
    {.shown = {"setup_network", NULL, NULL, "none full",
               "What setup may reach; without it what sandbox.network of the service says. Checks "
               "reach nothing."},
     .kind = OPTION_CHOICE,
     AT(setup_network)},
    {.shown = {"allow", NULL, NULL, "hosts",
               "Instead of setup_network: HOST, HOST:PORT or *.HOST (port 443 unless given) that "
               "setup may reach through a proxy; each attempt is listed in the verdict."},
     .kind = OPTION_TEXTS,
     .check = check_host_rule,
     AT(allow),
     COUNT_AT(n_allow)},
    {.shown = {"checks.*.name", NULL, NULL, NULL, "What the check is called in reports."},
     .kind = OPTION_TEXT,
     .required = true,
     IN(name)},
    {.shown = {"checks.*.run", NULL, NULL, "shell command", "Exit code 0 means that it passed."},
     .kind = OPTION_TEXT,
     .required = true,
     IN(run)},
    {.shown = {"checks.*.timeout_s", NULL, NULL, "1 .. 86400",
               "Longest time; without it that of the sandbox."},
     .kind = OPTION_INTEGER,
     .scale = MS,
     IN(timeout_ms)},
    {.shown = {"protected", NULL, NULL, "globs", "Paths that are never written."},
     .kind = OPTION_TEXTS,
     .check = check_repo_path,
     AT(protect),
     COUNT_AT(n_protect)},
    {.shown =
         {"secrets.allow", NULL, NULL, "globs",
          "Paths in which what looks like a secret is none, as in test fixtures. Only what the "
          "base branch says counts; the values this service was configured with are never "
          "allowed."},
     .kind = OPTION_TEXTS,
     .check = check_repo_path,
     AT(secrets_allow),
     COUNT_AT(n_secrets_allow)},
    {.shown = {"approval.plan", NULL, "auto", modes,
               "Who lets a plan go on: nobody has to, VDO asks where it sees a risk, or a person "
               "always."},
     .kind = OPTION_CHOICE,
     AT(approval_plan)},
    {.shown = {"approval.paths", NULL, NULL, modes,
               "A mapping of globs to modes, for plans that touch such paths."},
     .kind = OPTION_CHOICES},
    {.shown = {"base", NULL, NULL, "branch", "The branch to start from and to merge into."},
     .kind = OPTION_TEXT,
     .check = check_branch,
     AT(base)},
    {.shown = {"draft", NULL, NULL, NULL, "Pull requests are opened as drafts."},
     .kind = OPTION_TRISTATE,
     AT(draft)},
    {.shown = {"roles.refiner", NULL, NULL, "list of providers",
               "Like the other roles: names of the service's providers, in order."},
     .kind = OPTION_ROLE,
     .check = check_provider_name,
     AT(role[ROLE_REFINER])},
    {.shown = {"roles.planner", NULL, NULL, "list of providers", "See roles.refiner."},
     .kind = OPTION_ROLE,
     .check = check_provider_name,
     AT(role[ROLE_PLANNER])},
    {.shown = {"roles.builder", NULL, NULL, "list of providers", "See roles.refiner."},
     .kind = OPTION_ROLE,
     .check = check_provider_name,
     AT(role[ROLE_BUILDER])},
    {.shown = {"roles.tester", NULL, NULL, "list of providers", "See roles.refiner."},
     .kind = OPTION_ROLE,
     .check = check_provider_name,
     AT(role[ROLE_TESTER])},
    {.shown = {"roles.reviewer", NULL, NULL, "list of providers", "See roles.refiner."},
     .kind = OPTION_ROLE,
     .check = check_provider_name,
     AT(role[ROLE_REVIEWER])},
    {.shown = {"limits.job_usd", NULL, NULL, "dollars above 0", "Most money for one job."},
     .kind = OPTION_USD,
     AT(limits.job_microusd)},
    {.shown = {"limits.job_minutes", NULL, NULL, "1 .. 1440", "Longest time of one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_minutes)},
    {.shown = {"limits.job_turns", NULL, NULL, "1 .. 10000", "Most model calls of one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_turns)},
    {.shown = {"limits.job_output_tokens", NULL, NULL, "1000 .. 100000000",
               "Most tokens that models may write for one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_output_tokens)},
    {.shown = {"limits.fix_rounds", NULL, NULL, "1 .. 20",
               "How often failing checks go back to the builder."},
     .kind = OPTION_INTEGER,
     AT(limits.fix_rounds)},
    {.shown = {"limits.review_rounds", NULL, NULL, "1 .. 20",
               "How often findings go back to the builder."},
     .kind = OPTION_INTEGER,
     AT(limits.review_rounds)},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct option table[N_ROWS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build(void)
{
    (void)option_add_rows(table, 0, rows, N_ROWS);
}

const struct option *repo_table(size_t *out_n)
{
    if (pthread_once(&once, build))
        abort();
    *out_n = N_ROWS;
    return table;
}

static bool same_check_name(const struct repo_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_checks; i++) {
        if (config->checks[i].name && strcmp(config->checks[i].name, name) == 0)
            return true;
    }
    return false;
}

static void read_checks(struct option_reader *r, const json_t *list, struct repo_config *config)
{
    const json_t *item;
    size_t i;

    if (json_array_size(list) > MAX_CHECKS) {
        (void)option_fail(r, "checks", false, "has %zu items, at most %d are allowed",
                          json_array_size(list), MAX_CHECKS);
        return;
    }
    config->checks = xcalloc(json_array_size(list) + 1, sizeof(*config->checks));
    json_array_foreach (list, i, item) {
        AUTO_FREE char *place = xasprintf("checks.%zu.", i);
        struct repo_check check = {0};

        if (!json_is_object(item))
            continue;
        option_read_group(r, "checks.*.", item, place, &check);
        if (check.name && same_check_name(config, check.name)) {
            AUTO_FREE char *path = xasprintf("%sname", place);

            (void)option_fail(r, path, false, "\"%.60s\" names two checks", check.name);
        }
        config->checks[config->n_checks++] = check;
    }
}

static void read_approval_path(struct option_reader *r, const char *glob, const json_t *mode,
                               struct repo_config *config)
{
    AUTO_FREE char *path = xasprintf("approval.paths.%s", glob);
    const char *wrong = check_repo_path(glob);

    if (wrong) {
        (void)option_fail(r, path, true, "%s", wrong);
    } else if (!json_is_string(mode) || !option_word(modes, json_string_value(mode), NULL)) {
        (void)option_fail(r, path, false, "expected one of: %s", modes);
    } else {
        struct repo_approval_path *entry = &config->approval_paths[config->n_approval_paths++];

        entry->glob = xstrdup(glob);
        entry->mode = xstrdup(json_string_value(mode));
    }
}

static void read_approval_paths(struct option_reader *r, const json_t *paths,
                                struct repo_config *config)
{
    const char *glob;
    json_t *mode;

    if (!paths || json_is_null(paths))
        return;
    if (!json_is_object(paths) || json_object_size(paths) > MAX_PATHS) {
        (void)option_fail(r, "approval.paths", false,
                          "expected a mapping of at most %d globs to one of: %s", MAX_PATHS, modes);
        return;
    }
    config->approval_paths = xcalloc(json_object_size(paths) + 1, sizeof(*config->approval_paths));
    json_object_foreach ((json_t *)(uintptr_t)paths, glob, mode)
        read_approval_path(r, glob, mode, config);
}

static struct repo_config *read_config(struct option_reader *r)
{
    struct repo_config *config = xcalloc(1, sizeof(*config));
    const json_t *root = yaml_doc_value(r->doc);

    option_check_keys(r);
    option_read_group(r, "", json_is_object(root) ? root : NULL, "", config);
    read_checks(r, option_find(root, "checks"), config);
    read_approval_paths(r, option_find(root, "approval.paths"), config);
    if (config->n_allow && config->setup_network)
        (void)option_fail(r, "setup_network", true, "cannot stand beside allow: leave one out");
    if (config->limits.job_microusd == 0)
        (void)option_fail(r, "limits.job_usd", false, "must be above 0");
    if (config->limits.job_microusd < 0)
        config->limits.job_microusd = 0;
    return config;
}

int repo_config_parse(const char *bytes, size_t len, struct repo_config **out,
                      struct strbuf *errors, struct err *err)
{
    struct option_reader r = {
        .name = ".github/vdo.yml", .list = "checks", .errors = errors, .err = err};
    struct err why = {0};
    struct yaml_doc *doc = NULL;
    struct repo_config *config;
    int rc = yaml_read(r.name, bytes ? bytes : "", bytes ? len : 0, &doc, &why);

    if (rc) {
        if (errors)
            (void)strbuf_addf(errors, "%s\n", why.text);
        return err_set(err, why.code, "%s", why.text);
    }
    r.doc = doc;
    r.table = repo_table(&r.n_table);
    config = read_config(&r);
    yaml_doc_free(doc);
    if (r.n_errors) {
        repo_config_free(config);
        return VDO_E_INVALID;
    }
    *out = config;
    return VDO_OK;
}

void repo_config_free(struct repo_config *config)
{
    const struct option *options;
    size_t n;

    if (!config)
        return;
    options = repo_table(&n);
    option_free_group(options, n, "", config);
    for (size_t i = 0; i < config->n_checks; i++)
        option_free_group(options, n, "checks.*.", &config->checks[i]);
    free(config->checks);
    for (size_t i = 0; i < config->n_approval_paths; i++) {
        free(config->approval_paths[i].glob);
        free(config->approval_paths[i].mode);
    }
    free(config->approval_paths);
    free(config);
}

/* 0 in theirs says nothing. */
static int64_t lower(int64_t ours, int64_t theirs)
{
    return theirs > 0 && theirs < ours ? theirs : ours;
}

void repo_config_clamp(const struct config_limits *ours, const struct repo_config *theirs,
                       struct config_limits *out)
{
    const struct config_limits *t = &theirs->limits;

    *out = *ours;
    /* 0 in ours is no limit for money, but no round at all for rounds. */
    out->job_microusd =
        ours->job_microusd ? lower(ours->job_microusd, t->job_microusd) : t->job_microusd;
    out->job_minutes = lower(ours->job_minutes, t->job_minutes);
    out->job_turns = lower(ours->job_turns, t->job_turns);
    out->job_output_tokens = lower(ours->job_output_tokens, t->job_output_tokens);
    out->fix_rounds = lower(ours->fix_rounds, t->fix_rounds);
    out->review_rounds = lower(ours->review_rounds, t->review_rounds);
}
