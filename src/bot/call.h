/*
 * call: one delivery while the bot decides on it, and the things events and commands have in
 * common. Used inside bot only.
 */
#ifndef VDO_BOT_CALL_H
#define VDO_BOT_CALL_H

#include "vdo/bot/bot.h"
#include "vdo/forge/event.h"
#include "vdo/forge/forge.h"
#include "vdo/markdown/markdown.h"

struct bot {
    struct bot_options o;
    struct jobs *jobs;
};

struct bot_call {
    struct bot *bot;
    struct forge_session *forge;
    const struct delivery *delivery;
    const struct forge_event *event;
    struct forge_repo repo;
    struct forge_issue issue; /* the truth, once call_read_issue() has read it */
    bool issue_read;
    const struct markdown_command *command; /* of commands; else NULL */
    const char *instructions; /* what stands behind the command and its options; NULL: nothing.
                                 Borrowed */
    char provider[64];        /* the one provider that the job is to use; "": as the roles say */
    struct delivery_verdict *out;
};

/* An event or command handler. 0: out is filled in. VDO_E_TEMPORARY: the delivery is tried again.
 * Other codes: it has failed with err's text. */
typedef int (*bot_fn)(struct bot_call *call, struct err *err);

int event_installation(struct bot_call *call, struct err *err);
int event_installation_repositories(struct bot_call *call, struct err *err);
int event_issue_comment(struct bot_call *call, struct err *err);
int event_issues(struct bot_call *call, struct err *err);
int event_ping(struct bot_call *call, struct err *err);
int event_pull_request(struct bot_call *call, struct err *err);
int event_repository(struct bot_call *call, struct err *err);

int command_answer(struct bot_call *call, struct err *err);
int command_approve(struct bot_call *call, struct err *err);
int command_budget(struct bot_call *call, struct err *err);
int command_build(struct bot_call *call, struct err *err);
int command_cancel(struct bot_call *call, struct err *err);
int command_help(struct bot_call *call, struct err *err);
int command_plan(struct bot_call *call, struct err *err);
int command_rate(struct bot_call *call, struct err *err);
int command_retry(struct bot_call *call, struct err *err);
int command_status(struct bot_call *call, struct err *err);
int command_unknown(struct bot_call *call, struct err *err);
/* NULL: no such verb. */
bot_fn command_find(const char *verb);

/* The delivery is done, for this reason. Returns 0. */
int call_done(struct bot_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Has this delivery been under way before? What it was to change may have been changed then. */
bool call_is_again(const struct bot_call *call);

/* Cancel the open jobs of an installation (0: any) and a repository (0: any), adding to *count. */
int call_cancel_jobs(struct bot_call *call, int64_t installation_id, int64_t repo_id,
                     const char *why, size_t *count, struct err *err);

/* There is no job for the verb: say so. Clears err first. */
int call_reply_no_job(struct bot_call *call, const char *verb, const char *reason, struct err *err);

/* Read the issue again, once. VDO_E_NOT_FOUND: gone; not believed at first, because a webhook may
 * be ahead of the API. */
int call_read_issue(struct bot_call *call, struct err *err);

/* May the sender do this? VDO_E_REFUSED with the level that is missing. */
int call_check_permission(struct bot_call *call, struct err *err);

/* The newest job of the issue (or of the pull request the event is about); VDO_E_NOT_FOUND. Release
 * with job_release(). */
int call_find_job(struct bot_call *call, bool only_open, struct job *out, struct err *err);

/* Read "--with NAME" in front of a command's text: fills instructions and provider. VDO_E_REFUSED
 * (err untouched): there is no such provider, which has been answered; other codes as call_reply().
 */
int call_read_pin(struct bot_call *call, const char *verb, struct err *err);

/* Make a job of this workflow for the issue; fills in the verdict, also when one is open already.
 */
int call_start_job(struct bot_call *call, const char *workflow, struct err *err);

/* A command asks for a job: the workflow of its verb for the issue it stands on, when that is open
 * and no pull request. */
int call_start_as_asked(struct bot_call *call, const char *verb, struct err *err);

/* A reply below the issue, once per delivery: templates/comments/<name> with data (taken). */
int call_reply(struct bot_call *call, const char *template_name, json_t *data, struct err *err);

/* React to the comment or issue that the delivery is about. */
int call_react(struct bot_call *call, const char *content, struct err *err);

#endif
