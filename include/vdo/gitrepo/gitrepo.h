/*
 * gitrepo: mirrors, worktrees, commits and pushes, by libgit2.
 *
 * A mirror is a bare repository in data_dir that follows one remote. A worktree is a plain
 * directory with a job's files: its git directory lies elsewhere, so that nothing that runs on the
 * files can reach it; its index file, with what stat(2) said of each file, makes opening it again
 * fast. Network transfers run in a child process of this same program (`vdo git-transfer`, hidden)
 * with a deadline, over our own HTTP client; no redirects; credentials go over its standard input
 * and are given to the URL itself only. Files are written and read byte for byte: no filters, no
 * line endings. No hooks, no submodules, no configuration of the machine's or the user's git.
 * Threads: gitrepo_startup() once; a struct belongs to one thread; several threads may each open
 * the same mirror. Writers of one mirror (fetch, push) are serialised by a lock file.
 */
#ifndef VDO_GITREPO_GITREPO_H
#define VDO_GITREPO_GITREPO_H

#include "vdo/base/err.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GIT_OID_HEX_SIZE = 41 };

int gitrepo_startup(struct err *err);
void gitrepo_shutdown(void);

/* Where a repository is and how to get in. url: https://, http:// (where the operator configured it
 * so), or an absolute path; no user name, password, query or fragment in it. */
struct git_remote_spec {
    const char *url;
    const char *username;          /* "x-access-token"; NULL: none needed */
    const struct secret *password; /* given only to the host, port and scheme of url */
    int64_t timeout_ms;
    const atomic_bool *cancel;
};

struct mirror;
/* Open the mirror in dir, making an empty one when there is none. */
int mirror_open(const char *dir, struct mirror **out, struct err *err);
void mirror_close(struct mirror *mirror);
/*
 * Fetch all branches into refs/remotes/origin/ (pruned) and learn the default branch. A repository
 * on this machine is not copied: the mirror reads its objects where they lie, so it must stay
 * there. VDO_E_TEMPORARY network, a limit of the server, or credentials that it does not take (any
 * more); VDO_E_REFUSED no credentials, no access, redirect to elsewhere; VDO_E_NOT_FOUND no such
 * repository.
 */
int mirror_fetch(struct mirror *mirror, const struct git_remote_spec *remote, struct err *err);
/* Name of the default branch as of the last fetch ("main"); borrowed; NULL when the repository is
 * empty. */
const char *mirror_default_branch(const struct mirror *mirror);
/* Commit id of a branch ("main"), tag, full or short commit id, or "HEAD" (the remote's, as of the
 * last fetch, also when it is detached; of a repository that never fetched, its own).
 * VDO_E_NOT_FOUND; VDO_E_INVALID for an ambiguous short id.
 */
int mirror_resolve(struct mirror *mirror, const char *ref, char oid[GIT_OID_HEX_SIZE],
                   struct err *err);
/* Bytes of a file at a commit; VDO_E_NOT_FOUND; VDO_E_TOO_LARGE over max. Free with free(). out_len
 * may be NULL. */
int mirror_read_file(struct mirror *mirror, const char *commit, const char *path, size_t max,
                     char **out_bytes, size_t *out_len, struct err *err);

/* One entry of a tree at a commit, in path order. mode as git has it (0100644, 0100755, 0120000
 * link, 0160000 submodule). */
struct tree_entry {
    const char *path;
    const char *oid; /* blob id in hex */
    unsigned mode;
    uint64_t size; /* 0 for submodules */
};
/* Return 0 to go on. */
typedef int (*tree_entry_fn)(void *arg, const struct tree_entry *entry);
/* Every file of a commit (or tree) id; with sizes only when with_sizes (it costs a look-up per
 * file). VDO_E_TOO_LARGE past VDO_MAX_TREE_FILES entries; what fn returned. */
int mirror_walk(struct mirror *mirror, const char *commit, bool with_sizes, tree_entry_fn fn,
                void *arg, struct err *err);
/* A blob by id; free with free(). */
int mirror_read_blob(struct mirror *mirror, const char *blob_oid, size_t max, char **out_bytes,
                     size_t *out_len, struct err *err);

/*
 * Materialise a commit or tree in a plain directory without git data (for running checks). The
 * directory is made; what was in it is removed. Symbolic links are made as links; submodules are
 * empty directories. VDO_E_REFUSED when the tree has a path that is not safe to make (a spelling of
 * ".git", "..").
 */
int mirror_export(struct mirror *mirror, const char *treeish, const char *dir, struct err *err);

struct worktree;
/*
 * The files of a job in dir, at tree (a commit or tree id) on top of base (a commit id): what
 * differs from tree is put right, untracked files go. An existing dir from an earlier job of the
 * same repository is brought over, which is faster than a new one. git data lies in git_dir.
 */
int worktree_open(struct mirror *mirror, const char *dir, const char *git_dir, const char *base,
                  const char *tree, struct worktree **out, struct err *err);
void worktree_close(struct worktree *worktree);
const char *worktree_dir(const struct worktree *worktree); /* borrowed, absolute */

/*
 * Write the state of the files (all that differs from base, untracked files too unless ignored by
 * the .gitignore files of the worktree) as a tree into the mirror's object store. Nothing called
 * ".git" in any spelling is taken, submodules stay as they were, links are stored as links, pipes
 * and sockets are left out. VDO_E_TOO_LARGE: VDO_MAX_TREE_FILES, VDO_MAX_PATH_BYTES, a .gitignore
 * over 256 KiB; VDO_E_TEMPORARY when a file changes while it is read.
 */
int worktree_write_tree(struct worktree *worktree, char tree[GIT_OID_HEX_SIZE], struct err *err);

struct diff_file {
    char *path;
    char *old_path; /* for renames; else NULL */
    char action;    /* 'A' added 'M' modified 'D' deleted 'R' renamed */
    uint32_t added;
    uint32_t removed;
    bool binary;
};
struct diff {
    struct diff_file *files;
    size_t n_files;
    uint32_t added;
    uint32_t removed;
    char *text; /* unified, three lines of context, cut at max_text with a mark */
    bool truncated;
};
/* Between two commits or trees of the mirror. */
int mirror_diff(struct mirror *mirror, const char *from, const char *to, size_t max_text,
                struct diff *out, struct err *err);
void diff_release(struct diff *diff);

struct commit_spec {
    const char *tree;
    const char *parent;  /* commit id */
    const char *message; /* whole, with trailers */
    const char *author_name;
    const char *author_email;
    int64_t time_s; /* so that the same job makes the same commit again */
};
/* Make a commit object in the mirror; no branch moves. parent may be NULL (a first commit). What a
 * commit header cannot hold is left out of the names. */
int mirror_commit(struct mirror *mirror, const struct commit_spec *spec, char oid[GIT_OID_HEX_SIZE],
                  struct err *err);

enum push_outcome { PUSH_DONE, PUSH_ALREADY_THERE };
/*
 * Make refs/heads/<branch> on the remote point at commit. expected_old: what it must point at now;
 * NULL: it must not exist. A branch that already points at commit is PUSH_ALREADY_THERE. Never
 * forces. VDO_E_CONFLICT when the branch points elsewhere (out_found, may be NULL, gets where to;
 * "" when there is none); VDO_E_TEMPORARY as in mirror_fetch(); VDO_E_REFUSED (access, protected,
 * hook). A push whose answer is lost is settled by reading the branch again. A remote that is a
 * local directory may be a repository with checked-out files: they are not touched, no hook runs,
 * and a branch that is checked out there is VDO_E_REFUSED.
 */
int mirror_push(struct mirror *mirror, const struct git_remote_spec *remote, const char *branch,
                const char *commit, const char *expected_old, enum push_outcome *outcome,
                char out_found[GIT_OID_HEX_SIZE], struct err *err);

/* The commit message of an id; free with free(). For finding the trailer of a job again. */
int mirror_message(struct mirror *mirror, const char *commit, char **out, struct err *err);

/*
 * Make a repository of the files that stand in a directory: branch main, one commit of everything,
 * author and committer as given. For samples and new repositories; VDO_E_CONFLICT when it is a
 * repository already.
 */
int gitrepo_make(const char *dir, const char *message, const char *author_name,
                 const char *author_email, int64_t time_s, struct err *err);

/* What `vdo git-transfer` does: reads one JSON order on standard input, does it, prints one JSON
 * answer. Exit code. */
int git_transfer_main(void);

#endif
