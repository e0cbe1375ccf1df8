/*
 * ops: the struct of functions behind forge/forge.h, for those who build a forge: github, local,
 * and the in-memory one of the tests.
 *
 * A backend puts struct forge and struct forge_session first in structs of its own. forge.c hands
 * each call on after it has set retry_after_ms to 0, checked the session's cancel mark
 * (VDO_E_CANCELLED) and the caps on bodies; so a backend sees only calls that may go out. What each
 * call means, its codes and who frees what stands in forge/forge.h. On failure outputs stay
 * untouched. Threads: a forge is shared, a session belongs to one thread.
 */
#ifndef VDO_FORGE_OPS_H
#define VDO_FORGE_OPS_H

#include "vdo/forge/forge.h"

struct forge_ops {
    void (*close)(struct forge *forge);
    /* Never NULL; forge.c fills in the members of struct forge_session. */
    struct forge_session *(*session_new)(struct forge *forge);
    void (*session_free)(struct forge_session *s);

    int (*identity)(struct forge_session *s, const struct forge_identity **out, struct err *err);
    int (*get_repo)(struct forge_session *s, const struct forge_repo *repo,
                    struct forge_repo_info *out, struct err *err);
    int (*get_issue)(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                     struct forge_issue *out, struct err *err);
    int (*get_permission)(struct forge_session *s, const struct forge_repo *repo, const char *login,
                          enum forge_permission *out, struct err *err);
    int (*list_comments)(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         int64_t since_ms, const char *contains, struct forge_comment **out,
                         size_t *out_n, struct err *err);
    /* maybe_done is never NULL here and false at the start. */
    int (*create_comment)(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                          const char *body, int64_t *out_id, bool *maybe_done, struct err *err);
    int (*edit_comment)(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                        const char *body, struct err *err);
    int (*add_reaction)(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t target_comment_id, const char *content, struct err *err);
    int (*remove_label)(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        const char *label, struct err *err);
    int (*find_pull)(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                     struct forge_pull *out, struct err *err);
    /* maybe_done is never NULL here and false at the start. */
    int (*create_pull)(struct forge_session *s, const struct forge_repo *repo,
                       const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                       struct err *err);
    int (*git_access)(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                      const char **out_username, struct secret *out_password, struct err *err);
    void (*git_refused)(struct forge_session *s, const struct forge_repo *repo); /* or NULL */

    char *(*web_url)(struct forge *forge, const char *repo, const char *kind, const char *ref);
    json_t *(*report)(struct forge *forge);
};

struct forge {
    const struct forge_ops *ops;
};

struct forge_session {
    struct forge *forge;
    const atomic_bool *cancel; /* NULL: never */
    int64_t retry_after_ms;    /* what the last VDO_E_TEMPORARY asked for */
};

/* What forge_open() chooses from, by options->kind. */
int forge_github_open(const struct forge_options *options, struct forge **out, struct err *err);
int forge_local_open(const struct forge_options *options, struct forge **out, struct err *err);

#endif
