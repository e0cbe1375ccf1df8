/*
 * agent: the tool loop of one role. Used inside pipeline only.
 *
 *     model call -> its tool calls, each answered -> model call -> ... until it ends
 *
 * It ends with finish; with an answer without tool calls after something was changed; at a limit of
 * turns, tokens, money or time; when the same call fails three times; or after three answers that
 * cannot be used. Edits that stand in an answer's text are applied as those of a tool are. A model
 * that takes no tools works without (single.h). Tool output is clipped head and tail. The
 * conversation only grows; when it no longer fits any model of the role, a new one is begun
 * (compact.h).
 */
#ifndef VDO_PIPELINE_AGENT_H
#define VDO_PIPELINE_AGENT_H

#include "../run.h"

enum agent_end { AGENT_FINISHED, AGENT_TURNS, AGENT_REPEATED, AGENT_NO_ANSWER };
const char *agent_end_name(enum agent_end end);

struct agent {
    struct job_run *run;
    enum role role;
    struct chat chat; /* grows over several agent_work() calls */
    json_t *data;     /* what the first messages were made of */
    struct tool_def *defs;
    size_t n_defs;
    /* Asked when the model calls finish: a further instruction (free with free()), or NULL to let
     * it end. May be NULL. */
    char *(*more)(void *arg, struct err *err);
    void *more_arg;

    int64_t turns;
    int writes;         /* tool calls that changed files */
    char *summary;      /* of the last finish, or the last text; owned */
    int unusable;       /* answers in a row that could not be used */
    char *last_failure; /* name and arguments of the last failing call */
    int same_failures;
    bool finished;
    bool single; /* works without tools */
};

/* Start a conversation: templates/prompts/<role>.system.md and .user.md filled with data. */
int agent_init(struct agent *agent, struct job_run *run, enum role role, const json_t *data,
               struct err *err);
/* Add an instruction to the conversation: failing checks, findings of a review. */
void agent_tell(struct agent *agent, const char *text);
/* Loop until it ends. 0 and *out_end; or a code when the job must stop: VDO_E_LIMIT,
 * VDO_E_CANCELLED, VDO_E_TEMPORARY, ... */
int agent_work(struct agent *agent, enum agent_end *out_end, struct err *err);
/* Head and tail of what a tool says, with a count between them, as valid UTF-8; free with free().
 */
char *agent_clip(const struct strbuf *text);
void agent_release(struct agent *agent);

#endif
