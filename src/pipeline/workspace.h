/*
 * workspace: the folders a job works in, opened at their first use. Used inside pipeline only.
 *
 *     data_dir/mirrors/<key>            bare mirror of the repository
 *     data_dir/index/<key>.db           index, shared by all jobs of the repository
 *     data_dir/trees/<key>-<worker>/    files (tree) and git data (git) of the job that this worker
 *                                       runs; see tree_slot.h
 *     data_dir/checks/<job>/            copies in which checks and commands run, and their HOMEs
 */
#ifndef VDO_PIPELINE_WORKSPACE_H
#define VDO_PIPELINE_WORKSPACE_H

#include "run.h"

/* Names the repository in data_dir: its number on a forge, a hash of its path else. Free with
 * free(). */
char *workspace_key(const struct job *job);
/* Where the work directory of commands is, for them: "/workspaces/<name of the repository>", in all
 * copies of all its jobs, so that what names the place in one copy is true in the next, and nothing
 * they say tells of data_dir. Borrowed from the run. */
const char *workspace_place(struct job_run *run);
/* The same by the repository's name or path: its last part, in letters that need no quoting; free
 * with free(). Pure. */
char *workspace_place_of(const char *repository);
int workspace_mirror(struct job_run *run, struct err *err);
/* The worktree at run_tree_oid(). */
int workspace_tree(struct job_run *run, struct err *err);
/* The index at the base commit. */
int workspace_index(struct job_run *run, struct err *err);
/* .github/vdo.yml of the base commit (defaults when there is none) and the limits that follow.
 * warnings may be NULL. */
int workspace_repo_config(struct job_run *run, struct strbuf *warnings, struct err *err);
/* How git reaches the job's repository. url and password are released by the caller. */
int workspace_remote(struct job_run *run, struct git_remote_spec *spec, char **out_url,
                     struct secret *password, struct err *err);
/* To be told how a transfer with workspace_remote() ended: one that may go better later is tried
 * with a new token then. */
void workspace_transferred(struct job_run *run, int rc);
/* An empty folder of the job for running things, "before", "after", "scratch"; made anew. Free with
 * free(). */
int workspace_fresh_dir(struct job_run *run, const char *name, char **out, struct err *err);
/* Where the HOME of commands in such a folder is kept, when it lasts; it is gone when the folder is
 * made anew. Free with free(). */
char *workspace_home_of(const char *dir);
/* The worktree's files as they are now, copied to a fresh folder. Free with free(). */
int workspace_copy_tree(struct job_run *run, const char *name, char **out, struct err *err);
/* Everything the job does not need once it has ended. */
void workspace_drop(struct job_run *run);
/* Remove what jobs that are over, or that nobody knows, have left behind; for the janitor. */
void workspace_tidy(struct store *store, const struct config *config);
/* Close what is open. */
void workspace_close(struct job_run *run);

#endif
