/*
 * remote_link: one conversation with a remote through libgit2: how it is carried, when it ends, and
 * what its failures mean.
 */
#ifndef VDO_SRC_GITREPO_REMOTE_LINK_H
#define VDO_SRC_GITREPO_REMOTE_LINK_H

#include "repo.h"

struct link {
    const char *url;      /* borrowed, checked with remote_url_check() */
    const char *username; /* NULL: no credentials */
    const char *password;
    bool is_local;
    int64_t deadline_ms;       /* clock_mono_ms(); 0: none */
    const atomic_bool *cancel; /* may be NULL */

    const char *spool_dir; /* for what HTTP answers; not for local ones */

    struct err failure; /* what our carrier met, where libgit2 only knows that it failed */
    char rejected[200]; /* why the remote did not take our ref; "" when it did */
};

/*
 * https://host/..., http://host/... or an absolute path; no user, password, query or fragment in
 * it. VDO_E_INVALID says what is allowed.
 */
int remote_url_check(const char *url, bool *is_local, struct err *err);

/* libgit2's callbacks for this link. */
void link_set_callbacks(struct link *link, git_remote_callbacks *callbacks);

/* Connect and leave what the remote has behind git_remote_ls(); free with git_remote_free(). */
int link_connect(struct link *link, git_repository *repo, git_direction direction, git_remote **out,
                 struct err *err);

/* Say what a failure of libgit2 meant. VDO_E_REFUSED, _NOT_FOUND, _TEMPORARY, _CANCELLED, or as
 * fail_git(). */
int link_fail(struct link *link, int rc, struct err *err);

#endif
