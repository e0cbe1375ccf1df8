/*
 * ask: one structured question to a role: prompt in, checked JSON out. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_ASK_H
#define VDO_PIPELINE_ASK_H

#include "../run.h"

/* Text of templates/prompts/<name> filled with data; free with free(). */
int prompt_text(const char *name, const json_t *data, char **out, struct err *err);

/*
 * The members every user prompt may use: repo, base, request (fenced as data), answer, criteria,
 * files, excerpts, checks, instructions, outline, summary, tasks. New reference.
 */
json_t *prompt_data(const struct job_run *run);

/* The text between BEGIN REQUEST and END REQUEST, lines that look like the fence made
 * harmless. Free with free(). */
char *prompt_fence(const char *title, const char *text, const char *instructions);

/* A Markdown fence that no line of the text closes; new reference. */
json_t *prompt_code_fence(const char *text);

/*
 * Ask `role` with templates/prompts/<role>.system.md and .user.md and its schema. Counts turns and
 * tokens, obeys the job's limits. out: the checked answer; new reference. Errors of model_call().
 */
int ask_role(struct job_run *run, enum role role, const json_t *data, json_t **out,
             struct err *err);

/*
 * The same, once more: `before` is what it answered to these data, `wrong` what to tell it about
 * that. Both NULL: the first time.
 */
int ask_role_again(struct job_run *run, enum role role, const json_t *data, const json_t *before,
                   const char *wrong, json_t **out, struct err *err);

/* One model call of the job with all its bookkeeping: limits before, turns, tokens and log after.
 */
int ask_model(struct job_run *run, enum role role, const struct chat *chat, const json_t *schema,
              const char *schema_name, struct model_result *result, struct err *err);

/* What the first of the providers that a role's call would go to is good for. */
void ask_first(const struct job_run *run, enum role role, struct model_first *out);

/*
 * Who answered a role in this step: {"provider", "model", "built": bool}, built when that provider
 * built the change too. Null when nobody did. *out is replaced.
 */
int ask_who(struct job_run *run, enum role role, json_t **out, struct err *err);

/* A reviewer looks with other eyes than the builder: the providers of a role with those that have
 * built behind the others, in their order otherwise. Names are borrowed from role. */
int ask_others_first(struct job_run *run, const struct config_role *role, struct config_role *out,
                     struct err *err);

/*
 * A role that helps but is not needed for the result (refiner, tester, reviewer) could not do its
 * part. True: go on without it, *out_reason (free with free()) says why. False: the failure must
 * stop or delay the job (cancelled, limit, lost lease, worth another try).
 */
bool ask_can_go_on_without(struct job_run *run, int rc, const struct err *why, char **out_reason);

#endif
