/*
 * repo_config: .github/vdo.yml of a repository, read from the base branch only.
 *
 * The same table-driven reading as vdo.yml; keys as the interface page lists them. Limits can only
 * be lowered by a repository, never raised: repo_config_clamp() does that. Threads: read-only after
 * reading.
 */
#ifndef VDO_CONFIG_REPO_CONFIG_H
#define VDO_CONFIG_REPO_CONFIG_H

#include "vdo/config/config.h"

struct repo_check {
    char *name;
    char *run;
    int64_t timeout_ms; /* 0: the sandbox's */
};

struct repo_approval_path {
    char *glob;
    char *mode; /* auto supervised human */
};

struct repo_config {
    char **instructions;
    size_t n_instructions;
    char **setup;
    size_t n_setup;
    char *setup_network; /* none full; NULL: not said */
    char **allow;        /* hosts that setup may reach, as base/host_rule.h has them */
    size_t n_allow;
    struct repo_check *checks;
    size_t n_checks;
    char **protect; /* globs that are never written */
    size_t n_protect;
    char **secrets_allow; /* globs of paths whose secrets are none */
    size_t n_secrets_allow;
    char *approval_plan; /* auto supervised human */
    struct repo_approval_path *approval_paths;
    size_t n_approval_paths;
    char *base;                            /* or NULL */
    int draft;                             /* 1, 0; -1: not said */
    struct config_role role[CONFIG_ROLES]; /* n == 0: not said */
    struct config_limits limits;           /* 0: not said */
};

/* bytes NULL: the defaults. Errors as config_parse(), with ".github/vdo.yml" as name. */
int repo_config_parse(const char *bytes, size_t len, struct repo_config **out,
                      struct strbuf *errors, struct err *err);
void repo_config_free(struct repo_config *config);
/* The limits that hold for a job: the lower of each pair. */
void repo_config_clamp(const struct config_limits *ours, const struct repo_config *theirs,
                       struct config_limits *out);

#endif
