/*
 * github: what the files of the GitHub forge share. Used inside forge/github only.
 *
 *     issues.c pulls.c repos.c -> rest.c (calls for a repository, lists of many pages)
 *       -> sign.c (who signs a request; fetches tokens by requests that the App signs)
 *       -> request.c (one request with retries and redirects)
 *       -> tokens.c (what there is to sign with), governor.c (may it go out now), answer.c (what
 *          came back)
 *
 * Sources: GitHub's REST documentation, API version 2022-11-28; "Generating a JSON Web Token (JWT)
 * for a GitHub App"; "Rate limits for the REST API".
 */
#ifndef VDO_FORGE_GITHUB_GITHUB_H
#define VDO_FORGE_GITHUB_GITHUB_H

#include "vdo/forge/ops.h"
#include "vdo/http/client.h"

#include <pthread.h>

enum { GITHUB_MAX_TOKENS = 256, GITHUB_MAX_LANES = 256 };

struct installation_token {
    int64_t installation_id;
    struct secret token;
    int64_t expires_ms;
    int64_t minted_ms;
};

/* One installation's share of GitHub's limits; id 0 is for requests signed by the App itself or a
 * personal token. */
struct lane {
    int64_t installation_id;
    int64_t paused_until_ms;
    int secondary_hits; /* in a row */
    int64_t remaining;  /* -1: not known yet */
    int64_t reset_ms;   /* by our clock */
    double minute;      /* content-creating requests left in this minute */
    double hour;        /* and in this hour */
    int64_t writes_at_ms;
};

struct github {
    struct forge forge;
    char *api_url;
    char *git_url;
    int64_t app_id; /* 0: a personal token */
    struct secret private_key;
    struct secret personal;
    const struct clock *clock;

    pthread_mutex_t lock; /* guards all below */
    struct installation_token tokens[GITHUB_MAX_TOKENS];
    size_t n_tokens;
    struct lane lanes[GITHUB_MAX_LANES];
    size_t n_lanes;
    struct forge_identity identity;
    bool identity_known;
    int64_t clock_offset_ms; /* GitHub's clock minus ours, learnt when a JWT is refused */
    char last_error[256];
    int64_t requests;
};

struct github_session {
    struct forge_session session;
    struct http_client *http;
};

static inline struct github *github_of(const struct forge_session *s)
{
    return (struct github *)s->forge;
}

/* ---- tokens.c ---- */

/* A JWT of the App, by GitHub's clock as far as we know it. */
int github_jwt(struct github *g, struct secret *out, struct err *err);
void github_keep_token(struct github *g, int64_t installation_id, const char *text,
                       int64_t expires_ms);
/* The token of an installation, when we have one that is good for more than least_ms. `fresh` (may
 * be NULL): it was made within 10 s. */
bool github_copy_token(struct github *g, int64_t installation_id, int64_t least_ms,
                       struct secret *out, bool *fresh);
/* It was refused: fetch another at the next use. */
void github_drop_token(struct github *g, int64_t installation_id);
/* A JWT was refused: believe the server's Date header. */
void github_learn_date(struct github *g, const char *date);
/* How far GitHub's clock is ahead of ours, as far as we know. */
int64_t github_clock_offset_ms(struct github *g);

/* ---- governor.c ---- */

/* VDO_E_TEMPORARY and *out_wait_ms while the lane is paused or its writes are used up. */
int governor_enter(struct github *g, int64_t installation_id, bool writes_content,
                   int64_t *out_wait_ms, struct err *err);
/* Learn from an answer's headers. True: the answer is a rate limit, *out_wait_ms says for how long.
 */
bool governor_learn(struct github *g, int64_t installation_id, const struct http_result *result,
                    int64_t *out_wait_ms);

/* ---- answer.c: what stands in an answer ---- */

/* A header of any length, freed by the caller; NULL when there is none. */
char *answer_header(const struct http_result *result, const char *name);
/* "HTTP 422 Validation Failed; head invalid", one line. */
void answer_describe(const struct http_result *result, char *buf, size_t size);
/* The code and text of forge.h for an answer that is no success. */
int answer_fail(const struct http_result *result, struct err *err);
/* The next page of a list, or NULL; freed by the caller, who checks where it leads. */
char *answer_next_page(const struct http_result *result);
/* Where a redirect leads, with an origin; NULL: nowhere. Freed by the caller, who checks it. */
char *answer_location(const struct http_result *result, const char *api_url);

/* ---- request.c ---- */

enum github_signer { SIGN_APP, SIGN_INSTALLATION, SIGN_NOBODY };

struct rest_call {
    const char *method;
    const char
        *path;    /* "/repos/acme/app/issues/1", encoded; or an absolute URL of the API (a Link) */
    json_t *body; /* borrowed; NULL: none */
    enum github_signer signer;
    int64_t installation_id;
    int64_t repo_id;      /* redirects that leave this repository are not followed; 0: unknown */
    bool wants_list;      /* a GET whose answer is an array, not an object */
    bool creates_content; /* comment, pull request: counts against the content limit */
    bool *maybe_done;     /* NULL, or set when a POST may have had its effect */
};

struct rest_answer {
    int status;
    json_t *json;    /* NULL when the body is empty; an object after GET, or the list it wants */
    char *next_page; /* of a list: URL of the page behind it, or NULL; freed by the caller */
};

/* The value of the Authorization header ("Bearer ..."), released by the caller; not set for
 * SIGN_NOBODY. `fresh`: the token was made within 10 s. */
typedef int (*request_authorize_fn)(struct forge_session *s, const struct rest_call *call,
                                    struct secret *out_header, bool *fresh, struct err *err);

/*
 * One request. 0 for 2xx (answer filled in, free json with json_decref()); otherwise the code and
 * text that forge.h promises, and answer->status. A POST goes out once more only when it is certain
 * that the first had no effect.
 */
int request_send(struct forge_session *s, const struct rest_call *call,
                 request_authorize_fn authorize, struct rest_answer *answer, struct err *err);

/* ---- sign.c ---- */

/* Signs as the call says. With a personal token that signs everything. */
int github_authorize(struct forge_session *s, const struct rest_call *call,
                     struct secret *out_header, bool *fresh, struct err *err);
/* A token of an installation (or the personal one) that is good for at least least_ms. */
int github_token(struct forge_session *s, int64_t installation_id, int64_t least_ms,
                 struct secret *out, struct err *err);
/* The installation of a repository, for jobs that do not know theirs. */
int github_find_installation(struct forge_session *s, const struct forge_repo *repo,
                             int64_t *out_id, struct err *err);

/* ---- rest.c ---- */

/* One request, signed as it says; see request_send(). */
int rest_call(struct forge_session *s, const struct rest_call *call, struct rest_answer *answer,
              struct err *err);
/* GET all pages of a list below /repos/<name>; each array's elements are appended to out (an
 * array). */
int rest_list(struct forge_session *s, const struct forge_repo *repo, const char *path, json_t *out,
              struct err *err);
/* A call for a repository: fills in the installation. path is below /repos/<name>, "" or
 * "/issues/1". */
int rest_repo(struct forge_session *s, const struct forge_repo *repo, const char *method,
              const char *path, json_t *body, bool creates_content, bool *maybe_done,
              struct rest_answer *answer, struct err *err);
/* The installation that signs for a repository. */
int rest_installation(struct forge_session *s, const struct forge_repo *repo, int64_t *out_id,
                      struct err *err);

/* ---- the operations, by file ---- */

int github_identity(struct forge_session *s, const struct forge_identity **out, struct err *err);
int github_get_repo(struct forge_session *s, const struct forge_repo *repo,
                    struct forge_repo_info *out, struct err *err);
int github_get_permission(struct forge_session *s, const struct forge_repo *repo, const char *login,
                          enum forge_permission *out, struct err *err);
int github_git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                      const char **out_username, struct secret *out_password, struct err *err);
void github_git_refused(struct forge_session *s, const struct forge_repo *repo);
char *github_web_url(struct forge *forge, const char *repo, const char *kind, const char *ref);
int github_get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                     struct forge_issue *out, struct err *err);
int github_list_comments(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         int64_t since_ms, const char *contains, struct forge_comment **out,
                         size_t *out_n, struct err *err);
int github_create_comment(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                          const char *body, int64_t *out_id, bool *maybe_done, struct err *err);
int github_edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                        const char *body, struct err *err);
int github_add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t target_comment_id, const char *content, struct err *err);
int github_remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        const char *label, struct err *err);
int github_find_pull(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                     struct forge_pull *out, struct err *err);
int github_create_pull(struct forge_session *s, const struct forge_repo *repo,
                       const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                       struct err *err);

#endif
