/*
 * forge_fake: a forge in memory for tests of jobs, bot and pipeline, with faults on demand.
 *
 * It keeps the issues, comments, reactions, labels, permissions and pulls of any number of
 * repositories (keyed by name) behind the same struct of functions as the real ones. We are the
 * user "vdo[bot]" (id 4242). It needs nothing but base, so it links into every test.
 * Threads: every function from any thread.
 */
#ifndef VDO_TESTS_SUPPORT_FORGE_FAKE_H
#define VDO_TESTS_SUPPORT_FORGE_FAKE_H

#include "vdo/base/clock.h"
#include "vdo/forge/forge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct forge_fake;

enum fake_call {
    FAKE_ANY, /* faults and counts over all calls */
    FAKE_GET_REPO,
    FAKE_GET_ISSUE,
    FAKE_GET_PERMISSION,
    FAKE_LIST_COMMENTS,
    FAKE_CREATE_COMMENT,
    FAKE_EDIT_COMMENT,
    FAKE_ADD_REACTION,
    FAKE_REMOVE_LABEL,
    FAKE_FIND_PULL,
    FAKE_CREATE_PULL,
    FAKE_GIT_ACCESS,
    FAKE_CALLS
};

enum fake_when {
    FAKE_BEFORE, /* nothing happened and the caller knows it */
    FAKE_LOST,   /* nothing happened, but the caller cannot know */
    FAKE_AFTER,  /* it happened, but the caller cannot know */
};

struct forge_fake *forge_fake_new(const struct clock *clock);
void forge_fake_free(struct forge_fake *fake);
/* To be passed to forge_session_new() and others; forge_close() of it does nothing. */
struct forge *forge_fake_forge(struct forge_fake *fake);

/* ---- what the forge holds; texts are copied ---- */

void forge_fake_set_repo(struct forge_fake *fake, const char *repo, int64_t id,
                         const char *default_branch, const char *git_url, bool archived);
void forge_fake_add_issue(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *author, const char *title, const char *body);
void forge_fake_edit_issue(struct forge_fake *fake, const char *repo, int64_t number,
                           const char *body);
void forge_fake_set_issue(struct forge_fake *fake, const char *repo, int64_t number, bool open,
                          bool locked, bool is_pull);
void forge_fake_set_label(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *label, bool present);
void forge_fake_set_permission(struct forge_fake *fake, const char *login,
                               enum forge_permission permission);
/* As somebody writes a comment; returns its id. */
int64_t forge_fake_say(struct forge_fake *fake, const char *repo, int64_t issue, const char *author,
                       const char *body);
void forge_fake_delete_comment(struct forge_fake *fake, int64_t comment_id);
void forge_fake_set_pull(struct forge_fake *fake, int64_t number, bool open, bool merged);

/* ---- faults ---- */

/* The nth call (1: the next) of that kind from now on, and the times - 1 after it, end in code. */
void forge_fake_fail(struct forge_fake *fake, enum fake_call call, int nth, int times,
                     enum fake_when when, enum vdo_code code, int64_t retry_after_ms);
void forge_fake_heal(struct forge_fake *fake); /* forget all faults */

/* ---- what has come of it; texts are copies, free with free(), NULL when there is none ---- */

int forge_fake_calls(struct forge_fake *fake, enum fake_call call);
/* Comments of an issue that we wrote and nobody deleted. */
size_t forge_fake_count_comments(struct forge_fake *fake, const char *repo, int64_t issue);
/* The i-th of them. */
char *forge_fake_comment(struct forge_fake *fake, const char *repo, int64_t issue, size_t i);
int64_t forge_fake_comment_id(struct forge_fake *fake, const char *repo, int64_t issue, size_t i);
/* How often a comment has been edited. */
int forge_fake_edits(struct forge_fake *fake, int64_t comment_id);
/* "eyes rocket": reactions on a comment (or, with 0, the issue) in the order of their making. */
char *forge_fake_reactions(struct forge_fake *fake, const char *repo, int64_t issue,
                           int64_t comment_id);
bool forge_fake_has_label(struct forge_fake *fake, const char *repo, int64_t issue,
                          const char *label);
size_t forge_fake_count_pulls(struct forge_fake *fake, const char *repo);
char *forge_fake_pull_body(struct forge_fake *fake, const char *repo, size_t i);

#endif
