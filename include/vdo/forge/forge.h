/*
 * forge: where issues and pull requests live, behind a struct of functions: github, local.
 *
 * Every call names the repository by a forge_repo. Answers are small structs; texts are owned by
 * them. What the forge may refuse or have lost ends in a code the caller can act on:
 * VDO_E_NOT_FOUND (deleted, no access), VDO_E_REFUSED (permission, locked, archived, validation;
 * err says which), VDO_E_TEMPORARY (network, 5xx, rate limit: forge_retry_after_ms() tells how long
 * to wait), VDO_E_CONFLICT (exists already). A write that ended in VDO_E_TEMPORARY may have had its
 * effect when *maybe_done is set. Threads: a forge is shared by all threads; each thread passes its
 * own forge_session.
 */
#ifndef VDO_FORGE_FORGE_H
#define VDO_FORGE_FORGE_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/base/secret.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct forge;
struct forge_session; /* one thread's connections; free with forge_session_free() */

struct forge_repo {
    int64_t installation_id;
    int64_t id;
    const char *name; /* "owner/name" */
};

enum forge_permission {
    FORGE_NONE,
    FORGE_READ,
    FORGE_TRIAGE,
    FORGE_WRITE,
    FORGE_MAINTAIN,
    FORGE_ADMIN
};
const char *forge_permission_name(enum forge_permission permission);
bool forge_permission_parse(const char *name, enum forge_permission *out);

struct forge_repo_info {
    int64_t id;
    char *full_name;
    char *default_branch;
    char *html_url;
    bool archived;
    bool is_private;
};
void forge_repo_info_release(struct forge_repo_info *info);

struct forge_issue {
    int64_t number;
    int64_t id;
    char *title;
    char *body;   /* "" when null */
    char *author; /* "" for ghosts */
    int64_t author_id;
    bool open;
    bool locked;
    bool is_pull;
    char **labels;
    size_t n_labels;
    char *html_url;
    char *updated_at;
};
void forge_issue_release(struct forge_issue *issue);

struct forge_comment {
    int64_t id;
    char *body;
    char *author;
    int64_t author_id;
    bool by_us;
};

struct forge_pull {
    int64_t number;
    char *html_url;
    char *head_branch;
    char *head_sha;
    char *body;
    bool open;
    bool merged;
};
void forge_pull_release(struct forge_pull *pull);

struct forge_identity {
    int64_t id;     /* of the bot's user; 0 unknown */
    char *login;    /* "vdo[bot]" */
    char *slug;     /* "vdo" */
    int64_t app_id; /* 0 without an App */
};

struct forge_options {
    const char *kind; /* "github", "local" */
    const char *api_url;
    const char *git_url;
    int64_t app_id;
    const struct secret *private_key;
    const struct secret *token;
    const struct clock *clock;
    struct store
        *store; /* local: where issues, comments and pulls are kept; github: unused. Borrowed */
};
int forge_open(const struct forge_options *options, struct forge **out, struct err *err);
void forge_close(struct forge *forge);
struct forge_session *forge_session_new(struct forge *forge, const atomic_bool *cancel);
void forge_session_free(struct forge_session *session);

/* Who we are; asked once, then remembered. Borrowed for the forge's life. */
int forge_identity(struct forge_session *s, const struct forge_identity **out, struct err *err);
int forge_get_repo(struct forge_session *s, const struct forge_repo *repo,
                   struct forge_repo_info *out, struct err *err);
int forge_get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                    struct forge_issue *out, struct err *err);
/* Level of a user, from the collaborator permission API; unknown users have FORGE_NONE. */
int forge_get_permission(struct forge_session *s, const struct forge_repo *repo, const char *login,
                         enum forge_permission *out, struct err *err);
/* Comments of an issue whose body contains `contains` (NULL: all), made after since_ms (0: all),
 * oldest first; all pages. */
int forge_list_comments(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t since_ms, const char *contains, struct forge_comment **out,
                        size_t *out_n, struct err *err);
void forge_comments_free(struct forge_comment *comments, size_t n);

/* Writes. maybe_done (not NULL): set when the outcome is unknown. */
int forge_create_comment(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         const char *body, int64_t *out_id, bool *maybe_done, struct err *err);
int forge_edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                       const char *body, struct err *err);
/* target_comment_id 0: the issue itself. content: eyes rocket confused +1 ... Idempotent. */
int forge_add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                       int64_t target_comment_id, const char *content, struct err *err);
/* Already absent is success. */
int forge_remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                       const char *label, struct err *err);
/* The newest pull request, open or not, whose head is this branch of this repository.
 * VDO_E_NOT_FOUND. */
int forge_find_pull(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                    struct forge_pull *out, struct err *err);
struct forge_pull_spec {
    const char *title;
    const char *body;
    const char *head;
    const char *base;
    bool draft;
};
/* VDO_E_CONFLICT: one exists for the head; VDO_E_REFUSED with "no commits between": nothing to
 * propose. */
int forge_create_pull(struct forge_session *s, const struct forge_repo *repo,
                      const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                      struct err *err);
/* Where git finds the repository and how to get in. url is freed by the caller; username static or
 * NULL. The password is valid for at least 10 minutes. */
int forge_git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                     const char **out_username, struct secret *out_password, struct err *err);

/* Git was refused with what forge_git_access() gave: the next call gives something new, where the
 * forge has that. */
void forge_git_refused(struct forge_session *s, const struct forge_repo *repo);

/* How long the last VDO_E_TEMPORARY of this session asked to wait; 0 when it did not say. */
int64_t forge_retry_after_ms(const struct forge_session *s);

/* Web addresses for people: of a branch, a commit, an issue. Free with free(); NULL for a local
 * forge. */
char *forge_web_url(struct forge *forge, const char *repo, const char *kind, const char *ref);

/* Rate limit and health for /readyz: {"kind"} and, of GitHub, {"requests":n,"last_error":text,
 * "installations":[{"installation","remaining","reset_ms","paused_until_ms"}]}; new reference. */
json_t *forge_report(struct forge *forge);

#endif
