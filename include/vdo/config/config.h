/*
 * config: vdo.yml, read through one table of options.
 *
 * The table (config_options()) has name, type, default, range and one doc line for every key and
 * drives parsing, errors, config/vdo.example.yml, docs/configuration.md and `vdo config check`.
 * Values may be "${NAME}", "${NAME:-default}" or "file:PATH" (relative to the config file); these
 * are replaced while loading, in strings only. Errors: "FILE:LINE:COL: key: what is wrong (nearest
 * known key: ...)"; several are reported at once, up to 20. Relative paths in data_dir, store
 * and tls_ca are taken from the working directory. Threads: read-only after loading.
 */
#ifndef VDO_CONFIG_CONFIG_H
#define VDO_CONFIG_CONFIG_H

#include "vdo/base/err.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { CONFIG_MAX_PROVIDERS = 32, CONFIG_MAX_SECRETS = 4, CONFIG_ROLES = 5 };

enum provider_api {
    PROVIDER_ANTHROPIC,
    PROVIDER_OPENAI_RESPONSES,
    PROVIDER_OPENAI_CHAT,
    PROVIDER_GEMINI,
    PROVIDER_SCRIPT,
};

/* The fixed roles, in this order: refiner planner builder tester reviewer. */
enum role { ROLE_REFINER, ROLE_PLANNER, ROLE_BUILDER, ROLE_TESTER, ROLE_REVIEWER };
const char *role_name(enum role role);

struct config_price { /* micro-dollars per million tokens; -1: not given */
    int64_t input;
    int64_t output;
    int64_t cache_read;
    int64_t cache_write;
    int64_t cache_write_long; /* of what stays in the cache for an hour or more */
};

struct config_provider {
    char *name;
    enum provider_api api;
    char *base_url;
    struct secret key;
    char *model;
    char *file; /* script */
    int64_t timeout_ms;
    int64_t connect_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t max_concurrent;
    int64_t max_output_tokens; /* per call */
    int64_t context_tokens;    /* 0: from the price list, else unknown */
    bool tools;                /* its model takes tools, as far as vdo.yml says */
    int64_t day_microusd;      /* 0: no limit of its own */
    int64_t month_microusd;
    struct config_price price;
};

struct config_role {
    char *provider[CONFIG_MAX_PROVIDERS]; /* names, in order; NULL-ended */
    size_t n;
};

struct config_limits {
    int64_t job_microusd; /* 0: no limit; the same for the other sums */
    int64_t day_microusd;
    int64_t month_microusd;
    int64_t repo_day_microusd; /* of each repository */
    int64_t repo_month_microusd;
    int64_t job_minutes;
    int64_t job_turns;
    int64_t job_output_tokens;
    int64_t fix_rounds;
    int64_t review_rounds;
};

struct config_sandbox {
    char *driver; /* auto bubblewrap container none */
    char *engine; /* auto podman docker, or a path */
    char *image;  /* or NULL */
    bool devcontainer;
    char *network; /* none full */
    int64_t timeout_ms;
    int64_t memory_bytes;
    int64_t disk_bytes;
    int64_t pids;
    int64_t cpus;
    int64_t layers_bytes;
};

struct config {
    char *path; /* of the file, or "(defaults)" */
    char *listen;
    char *public_url; /* without a slash at its end */
    char *webhook_path;
    bool insecure_public; /* server.allow_public: words say so */
    int64_t webhook_threads;
    struct secret api_token; /* server.api_token; unset: POST /api/jobs is refused */
    char *data_dir;
    char *store;
    char *bus;
    char *assets_dir; /* or NULL */
    char *tls_ca;     /* path, or NULL */
    char *log_level;
    char *log_format;
    int64_t workers;
    char *forge; /* github local */
    struct {
        char *api_url;
        char *git_url;
        int64_t app_id;
        struct secret private_key;
        struct secret token;
        struct secret webhook_secret[CONFIG_MAX_SECRETS]; /* current first */
        size_t n_webhook_secrets;
    } github;
    struct {
        char *label;
        char *command;
        char *permission;
    } trigger;
    struct config_provider provider[CONFIG_MAX_PROVIDERS];
    size_t n_providers;
    struct config_role role[CONFIG_ROLES];
    struct config_limits limits;
    struct config_sandbox sandbox;
    bool draft;      /* pull requests are drafts unless the repository says otherwise */
    char **warnings; /* a provider left out for want of its key, ...; owned */
    size_t n_warnings;
};

/* What a caller is going to do with the config decides what must be there. */
enum config_need {
    CONFIG_FOR_CHECK, /* everything that can be checked without starting */
    CONFIG_FOR_SERVE, /* forge credentials and webhook secret */
    CONFIG_FOR_RUN,   /* no forge needed */
};

/*
 * Load a file. path NULL: ./vdo.yml, then /etc/vdo/vdo.yml, then VDO_E_NOT_FOUND.
 * errors (may be NULL): every problem found, one per line, also when 0 is not returned; err has the
 * first. Returns 0, out freed with config_free(); VDO_E_INVALID; VDO_E_NOT_FOUND; VDO_E_IO;
 * VDO_E_TOO_LARGE.
 */
int config_load(const char *path, enum config_need need, struct config **out, struct strbuf *errors,
                struct err *err);
/* The same from memory; name is used in errors. */
int config_parse(const char *name, const char *bytes, size_t len, enum config_need need,
                 struct config **out, struct strbuf *errors, struct err *err);
void config_free(struct config *config);

const struct config_provider *config_find_provider(const struct config *config, const char *name);

struct config_option {
    const char *key;      /* "server.listen", "providers.*.model" */
    const char *type;     /* "string", "integer", "usd", "secret", ... as the docs print it */
    const char *fallback; /* as written in the example; NULL: none */
    const char *range;    /* "1 .. 64", "read triage write maintain admin"; NULL: any */
    const char *doc;      /* one line */
};
/* All options in the order of the example. */
const struct config_option *config_options(size_t *out_n);
/* config/vdo.example.yml and the table of docs/configuration.md, made from the options. */
void config_write_example(struct strbuf *out);
void config_write_docs(struct strbuf *out);

#endif
