#include "table.h"

#include "vdo/base/mem.h"

#include "check.h"

#include <pthread.h>
#include <stdlib.h>

#define AT(member)       .offset = offsetof(struct config, member)
#define COUNT_AT(member) .offset_n = offsetof(struct config, member)
#define IN(member)       .offset = offsetof(struct config_provider, member)

enum { MS = 1000, MIB = 1024 * 1024 };

/* {key, (type: from kind), default, range, doc} */
static const struct option server_options[] = {
    {.shown = {"server.listen", NULL, "127.0.0.1:8420", "HOST:PORT, unix:PATH or systemd",
               "Where the web server listens."},
     .kind = OPTION_TEXT,
     .check = check_listen,
     AT(listen)},
    {.shown = {"server.public_url", NULL, "http://127.0.0.1:8420", "http or https URL",
               "How people reach the status page; links in comments begin with it."},
     .kind = OPTION_TEXT,
     .check = check_url,
     AT(public_url)},
    {.shown = {"server.webhook_path", NULL, "/webhook", "path",
               "Where GitHub posts its deliveries."},
     .kind = OPTION_TEXT,
     .check = check_path,
     AT(webhook_path)},
    {.shown = {"server.allow_public", NULL, "false", NULL,
               "true says: yes, the status page may be read by anyone who can reach the address, "
               "without a login. Needed to listen anywhere but on loopback."},
     .kind = OPTION_BOOL,
     AT(insecure_public)},
    {.shown = {"server.threads", NULL, "2", "1 .. 64",
               "Threads that answer HTTP requests; they never wait for a job."},
     .kind = OPTION_INTEGER,
     AT(webhook_threads)},
    {.shown = {"server.api_token", NULL, NULL, "16 bytes or more",
               "What POST /api/jobs asks for as a bearer token; without it that route is refused."},
     .kind = OPTION_SECRET,
     .check = check_long_secret,
     .example = "${VDO_API_TOKEN:-}",
     AT(api_token)},
    {.shown = {"data_dir", NULL, "./vdo-data", "directory",
               "Mirrors, worktrees and logs; made with mode 0700."},
     .kind = OPTION_TEXT,
     AT(data_dir)},
    {.shown = {"store", NULL, "sqlite:./vdo-data/vdo.db", "sqlite:PATH or postgresql://...",
               "Where jobs, deliveries and results are kept."},
     .kind = OPTION_TEXT,
     .check = check_store,
     AT(store)},
    {.shown = {"bus", NULL, "memory", "memory or redis://HOST:PORT/DB",
               "How threads and machines wake each other; losing it loses no job."},
     .kind = OPTION_TEXT,
     .check = check_bus,
     AT(bus)},
    {.shown = {"assets_dir", NULL, NULL, "directory",
               "Files here replace the embedded ones of the same name, such as "
               "templates/comments/progress.md."},
     .kind = OPTION_TEXT,
     .example = "#/etc/vdo/assets",
     AT(assets_dir)},
    {.shown =
         {"tls_ca", NULL, NULL, "path of a PEM file",
          "Certificates of authorities that are trusted beside those of the system, for GitHub "
          "Enterprise Server, git or model servers with a private one."},
     .kind = OPTION_TEXT,
     .check = check_certificates,
     .example = "#/etc/vdo/ca.pem",
     AT(tls_ca)},
    {.shown = {"log.level", NULL, "info", "debug info warn error",
               "The least level that is "
               "written."},
     .kind = OPTION_CHOICE,
     AT(log_level)},
    {.shown = {"log.format", NULL, "text", "text json", "One line per event in this form."},
     .kind = OPTION_CHOICE,
     AT(log_format)},
    {.shown = {"workers", NULL, "4", "1 .. 64", "Jobs that are worked on at the same time."},
     .kind = OPTION_INTEGER,
     AT(workers)},
    {.shown = {"draft", NULL, "true", NULL,
               "Pull requests are opened as drafts unless the repository says otherwise."},
     .kind = OPTION_BOOL,
     AT(draft)},
    {.shown = {"forge", NULL, "github", "github local",
               "Where issues come from; local needs no GitHub."},
     .kind = OPTION_CHOICE,
     AT(forge)},
};

static const struct option github_options[] = {
    {.shown = {"github.api_url", NULL, "https://api.github.com", "http or https URL",
               "The REST API; on GitHub Enterprise Server https://HOST/api/v3."},
     .kind = OPTION_TEXT,
     .check = check_url,
     AT(github.api_url)},
    {.shown = {"github.git_url", NULL, "https://github.com", "http or https URL",
               "The base of clone and push URLs."},
     .kind = OPTION_TEXT,
     .check = check_url,
     AT(github.git_url)},
    {.shown = {"github.app_id", NULL, NULL, "1 .. 9007199254740991",
               "The number of the GitHub App; goes together with private_key."},
     .kind = OPTION_INTEGER,
     .example = "#4242",
     AT(github.app_id)},
    {.shown = {"github.private_key", NULL, NULL, "RSA private key in PEM form",
               "The App's private key."},
     .kind = OPTION_SECRET,
     .check = check_pem,
     .example = "#file:/etc/vdo/app.pem",
     AT(github.private_key)},
    {.shown = {"github.token", NULL, NULL, NULL,
               "A personal access token, for use without an App."},
     .kind = OPTION_SECRET,
     .example = "${GITHUB_TOKEN:-}",
     AT(github.token)},
    {.shown = {"github.webhook_secret", NULL, NULL, "16 bytes or more each, at most 4",
               "What GitHub signs deliveries with; or a list: the current one first, then those "
               "still accepted. Needed by vdo serve."},
     .kind = OPTION_SECRETS,
     .check = check_long_secret,
     .example = "${VDO_WEBHOOK_SECRET:-}",
     AT(github.webhook_secret),
     COUNT_AT(github.n_webhook_secrets)},
    {.shown = {"trigger.label", NULL, "vdo", "label",
               "The label that starts a job; LABEL:bugfix and LABEL:high set type and priority."},
     .kind = OPTION_TEXT,
     .check = check_label,
     AT(trigger.label)},
    {.shown = {"trigger.command", NULL, "/vdo", "a slash and one word",
               "The first word of a command in a comment."},
     .kind = OPTION_TEXT,
     .check = check_command,
     AT(trigger.command)},
    {.shown = {"trigger.permission", NULL, "write", "read triage write maintain admin",
               "The least permission in the repository of someone whose label or command counts."},
     .kind = OPTION_CHOICE,
     AT(trigger.permission)},
};

static const struct option provider_options[] = {
    {.shown = {"providers.*.api", NULL, NULL,
               "anthropic openai-responses openai-chat gemini script",
               "The protocol it speaks; script answers from a file and needs no network."},
     .kind = OPTION_API,
     .required = true,
     IN(api)},
    {.shown = {"providers.*.base_url", NULL, NULL, "http or https URL",
               "Where it is; may be left out for the public address of anthropic, "
               "openai-responses and gemini."},
     .kind = OPTION_TEXT,
     .check = check_url,
     IN(base_url)},
    {.shown = {"providers.*.key", NULL, NULL, NULL,
               "The API key. A provider whose key is an unset ${NAME} is left out with a warning."},
     .kind = OPTION_SECRET,
     .may_be_unset = true,
     IN(key)},
    {.shown = {"providers.*.model", NULL, NULL, NULL,
               "The model's name as the API knows it; needed except for script."},
     .kind = OPTION_TEXT,
     IN(model)},
    {.shown = {"providers.*.file", NULL, NULL, "path", "The answers of a script provider."},
     .kind = OPTION_TEXT,
     IN(file)},
    {.shown = {"providers.*.timeout_s", NULL, "600", "1 .. 3600", "Longest time of one call."},
     .kind = OPTION_INTEGER,
     .scale = MS,
     IN(timeout_ms)},
    {.shown = {"providers.*.connect_timeout_s", NULL, "10", "1 .. 300",
               "Longest time until the connection stands."},
     .kind = OPTION_INTEGER,
     .scale = MS,
     IN(connect_timeout_ms)},
    {.shown = {"providers.*.idle_timeout_s", NULL, "120", "1 .. 3600",
               "Longest silence within a call, before and in the answer."},
     .kind = OPTION_INTEGER,
     .scale = MS,
     IN(idle_timeout_ms)},
    {.shown = {"providers.*.max_concurrent", NULL, "8", "1 .. 256", "Calls at the same time."},
     .kind = OPTION_INTEGER,
     IN(max_concurrent)},
    {.shown = {"providers.*.max_output_tokens", NULL, "16384", "256 .. 1000000",
               "Most tokens of one answer."},
     .kind = OPTION_INTEGER,
     IN(max_output_tokens)},
    {.shown = {"providers.*.context_tokens", NULL, "0", "0 .. 100000000",
               "What prompt and answer may have together; 0: as the price list says."},
     .kind = OPTION_INTEGER,
     IN(context_tokens)},
    {.shown = {"providers.*.tools", NULL, "true", NULL,
               "Does the model take tools? Without them it is shown the files, and its answer is "
               "applied."},
     .kind = OPTION_BOOL,
     IN(tools)},
    {.shown = {"providers.*.day_usd", NULL, "0", "dollars, 0: no limit",
               "Most money for this provider in a day (UTC)."},
     .kind = OPTION_USD,
     IN(day_microusd)},
    {.shown = {"providers.*.month_usd", NULL, "0", "dollars, 0: no limit",
               "Most money for this provider in a calendar month (UTC)."},
     .kind = OPTION_USD,
     IN(month_microusd)},
    {.shown = {"providers.*.price.input", NULL, NULL, "dollars per million tokens",
               "Price of prompt tokens, for models that the price list does not know."},
     .kind = OPTION_USD,
     IN(price.input)},
    {.shown = {"providers.*.price.output", NULL, NULL, "dollars per million tokens",
               "Price of answer tokens."},
     .kind = OPTION_USD,
     IN(price.output)},
    {.shown = {"providers.*.price.cache_read", NULL, NULL, "dollars per million tokens",
               "Price of prompt tokens that were read from the provider's cache."},
     .kind = OPTION_USD,
     IN(price.cache_read)},
    {.shown = {"providers.*.price.cache_write", NULL, NULL, "dollars per million tokens",
               "Price of prompt tokens that were put into the provider's cache."},
     .kind = OPTION_USD,
     IN(price.cache_write)},
    {.shown = {"providers.*.price.cache_write_long", NULL, NULL, "dollars per million tokens",
               "The same for what stays in the cache for an hour or more."},
     .kind = OPTION_USD,
     IN(price.cache_write_long)},
};

static const struct option work_options[] = {
    {.shown = {"roles.refiner", NULL, NULL, "list of providers",
               "Who turns an issue into acceptance criteria. Like every role: the first healthy "
               "provider is used; without the key all providers, in their order."},
     .kind = OPTION_ROLE,
     .example = "[claude, openai, local]",
     AT(role[ROLE_REFINER])},
    {.shown = {"roles.planner", NULL, NULL, "list of providers",
               "Who divides the work into tasks."},
     .kind = OPTION_ROLE,
     .example = "[claude, openai, local]",
     AT(role[ROLE_PLANNER])},
    {.shown = {"roles.builder", NULL, NULL, "list of providers", "Who changes the code."},
     .kind = OPTION_ROLE,
     .example = "[claude, openai, local]",
     AT(role[ROLE_BUILDER])},
    {.shown = {"roles.tester", NULL, NULL, "list of providers", "Who writes tests."},
     .kind = OPTION_ROLE,
     .example = "[openai, claude, local]",
     AT(role[ROLE_TESTER])},
    {.shown = {"roles.reviewer", NULL, NULL, "list of providers",
               "Who reviews the change; providers that did not build it are asked first."},
     .kind = OPTION_ROLE,
     .example = "[gemini, openai, local]",
     AT(role[ROLE_REVIEWER])},
    {.shown = {"limits.job_usd", NULL, "5", "dollars, 0: no limit", "Most money for one job."},
     .kind = OPTION_USD,
     AT(limits.job_microusd)},
    {.shown = {"limits.day_usd", NULL, "50", "dollars, 0: no limit", "Most money in a day (UTC)."},
     .kind = OPTION_USD,
     AT(limits.day_microusd)},
    {.shown = {"limits.month_usd", NULL, "500", "dollars, 0: no limit",
               "Most money in a calendar month (UTC)."},
     .kind = OPTION_USD,
     AT(limits.month_microusd)},
    {.shown = {"limits.repo_day_usd", NULL, "0", "dollars, 0: no limit",
               "Most money for the jobs of one repository in a day (UTC)."},
     .kind = OPTION_USD,
     AT(limits.repo_day_microusd)},
    {.shown = {"limits.repo_month_usd", NULL, "0", "dollars, 0: no limit",
               "Most money for the jobs of one repository in a calendar month (UTC)."},
     .kind = OPTION_USD,
     AT(limits.repo_month_microusd)},
    {.shown = {"limits.job_minutes", NULL, "60", "1 .. 1440", "Longest time of one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_minutes)},
    {.shown = {"limits.job_turns", NULL, "120", "1 .. 10000", "Most model calls of one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_turns)},
    {.shown = {"limits.job_output_tokens", NULL, "400000", "1000 .. 100000000",
               "Most tokens that models may write for one job."},
     .kind = OPTION_INTEGER,
     AT(limits.job_output_tokens)},
    {.shown = {"limits.fix_rounds", NULL, "3", "0 .. 20",
               "How often failing checks go back to the builder."},
     .kind = OPTION_INTEGER,
     AT(limits.fix_rounds)},
    {.shown = {"limits.review_rounds", NULL, "2", "0 .. 20",
               "How often findings of the reviewer go back to the builder."},
     .kind = OPTION_INTEGER,
     AT(limits.review_rounds)},
    {.shown = {"sandbox.driver", NULL, "auto", "auto bubblewrap container none",
               "How repository code is shut in; auto: bubblewrap; none: it is not run at all."},
     .kind = OPTION_CHOICE,
     AT(sandbox.driver)},
    {.shown = {"sandbox.engine", NULL, "auto", "auto, podman, docker or a path",
               "With driver container: the program that runs containers."},
     .kind = OPTION_TEXT,
     .check = check_engine,
     AT(sandbox.engine)},
    {.shown = {"sandbox.image", NULL, NULL, "image",
               "With driver container: what commands run in. It must be on the machine: none is "
               "fetched."},
     .kind = OPTION_TEXT,
     .check = check_image,
     .example = "#localhost/toolchains:1",
     AT(sandbox.image)},
    {.shown = {"sandbox.devcontainer", NULL, "false", NULL,
               "With driver container: the image that .devcontainer/devcontainer.json of the base "
               "branch names, where it names one."},
     .kind = OPTION_BOOL,
     AT(sandbox.devcontainer)},
    {.shown = {"sandbox.network", NULL, "none", "none full",
               "What setup commands may reach in repositories whose .github/vdo.yml does not say; "
               "checks and commands of models reach nothing."},
     .kind = OPTION_CHOICE,
     AT(sandbox.network)},
    {.shown = {"sandbox.timeout_s", NULL, "300", "1 .. 86400", "Longest time of one command."},
     .kind = OPTION_INTEGER,
     .scale = MS,
     AT(sandbox.timeout_ms)},
    {.shown = {"sandbox.memory_mb", NULL, "2048", "64 .. 1048576",
               "Memory of all processes of a command together, in MiB."},
     .kind = OPTION_INTEGER,
     .scale = MIB,
     AT(sandbox.memory_bytes)},
    {.shown = {"sandbox.disk_mb", NULL, "2048", "16 .. 1048576",
               "How much a command may write to its directory and HOME, in MiB."},
     .kind = OPTION_INTEGER,
     .scale = MIB,
     AT(sandbox.disk_bytes)},
    {.shown = {"sandbox.pids", NULL, "256", "8 .. 65536", "Processes at the same time."},
     .kind = OPTION_INTEGER,
     AT(sandbox.pids)},
    {.shown = {"sandbox.cpus", NULL, "2", "1 .. 256", "Processors a command may keep busy."},
     .kind = OPTION_INTEGER,
     AT(sandbox.cpus)},
    {.shown = {"sandbox.layers_mb", NULL, "4096", "0 .. 1048576",
               "Room in data_dir for what setup commands have installed and left in HOME, kept for "
               "later jobs, in MiB; 0: setup runs anew each time."},
     .kind = OPTION_INTEGER,
     .scale = MIB,
     AT(sandbox.layers_bytes)},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
enum {
    N_OPTIONS = LENGTH(server_options) + LENGTH(github_options) + LENGTH(provider_options) +
                LENGTH(work_options)
};

static struct option all[N_OPTIONS];
static struct config_option shown[N_OPTIONS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *type_name(enum option_kind kind)
{
    switch (kind) {
    case OPTION_TEXT:
        return "text";
    case OPTION_CHOICE:
    case OPTION_API:
        return "choice";
    case OPTION_INTEGER:
        return "integer";
    case OPTION_BOOL:
    case OPTION_TRISTATE:
        return "true or false";
    case OPTION_USD:
        return "usd";
    case OPTION_SECRET:
        return "secret";
    case OPTION_SECRETS:
        return "secret or list of secrets";
    case OPTION_TEXTS:
        return "list of texts";
    case OPTION_ROLE:
        return "list of providers";
    case OPTION_CHOICES:
        return "mapping";
    }
    return "text";
}

size_t option_add_rows(struct option *table, size_t n, const struct option *rows, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        table[n + i] = rows[i];
        table[n + i].shown.type = type_name(rows[i].kind);
    }
    return n + n_rows;
}

static void build(void)
{
    size_t n = 0;

    n = option_add_rows(all, n, server_options, LENGTH(server_options));
    n = option_add_rows(all, n, github_options, LENGTH(github_options));
    n = option_add_rows(all, n, provider_options, LENGTH(provider_options));
    n = option_add_rows(all, n, work_options, LENGTH(work_options));
    for (size_t i = 0; i < n; i++)
        shown[i] = all[i].shown;
}

const struct option *config_table(size_t *out_n)
{
    if (pthread_once(&once, build))
        abort();
    *out_n = N_OPTIONS;
    return all;
}

const struct config_option *config_options(size_t *out_n)
{
    (void)config_table(out_n);
    return shown;
}
