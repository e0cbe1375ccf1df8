/*
 * repo: what the files of this room share: the mirror's insides, and libgit2's errors as ours.
 */
#ifndef VDO_SRC_GITREPO_REPO_H
#define VDO_SRC_GITREPO_REPO_H

#include "vdo/gitrepo/gitrepo.h"

#include <git2.h>
#if __has_include(<git2/sys/errors.h>) /* libgit2 1.8 moved git_error_clear() there */
#    include <git2/sys/errors.h>
#endif

/* Where a fetch leaves what the remote's HEAD is: the branch it names, and its commit. Not below
 * refs/remotes/origin/, where a branch called HEAD could be in the way. */
#define REF_DEFAULT "refs/vdo/default"
#define REF_HEAD    "refs/vdo/head"
#define REF_ORIGIN  "refs/remotes/origin/"

/* libgit2 1.7 brought shallow fetches. */
#define WITH_LIBGIT2_1_7 \
    (LIBGIT2_VER_MAJOR > 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR >= 7))

struct mirror {
    char *dir;
    git_repository *repo;
    git_odb *odb;
    char *default_branch; /* as of the last fetch; NULL: none */
};

/* Record a failure of libgit2: our code by its number, its text behind the context. */
int fail_git(struct err *err, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A full commit, tree or blob id in hex. VDO_E_INVALID for anything else. */
int parse_oid(const char *hex, git_oid *out, struct err *err);
void oid_to_hex(const git_oid *oid, char hex[GIT_OID_HEX_SIZE]);

/* The tree of a commit or tree id; free with git_tree_free(). */
int find_tree(struct mirror *mirror, const char *treeish, git_tree **out, struct err *err);

/* Learn default_branch again, after a fetch. */
void mirror_reload(struct mirror *mirror);

#endif
