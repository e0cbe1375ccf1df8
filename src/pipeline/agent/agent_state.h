/*
 * agent_state: what the loop of an agent (agent.h) and its parts (agent_text.h, single.h,
 * compact.h) know of it, and how it is spoken to. Used inside agent/; others include agent.h.
 */
#ifndef VDO_PIPELINE_AGENT_STATE_H
#define VDO_PIPELINE_AGENT_STATE_H

#include "../run.h"

enum agent_end { AGENT_FINISHED, AGENT_TURNS, AGENT_REPEATED, AGENT_NO_ANSWER };

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

/* Add an instruction to the conversation: failing checks, findings of a review. */
void agent_tell(struct agent *agent, const char *text);
/* At the end: has the agent's owner something further? It is told to the model then. */
int agent_ask_for_more(struct agent *agent, bool *out_more, struct err *err);
/* Head and tail of what a tool says, with a count between them, as valid UTF-8; free with free().
 */
char *agent_clip(const struct strbuf *text);

#endif
