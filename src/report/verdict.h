/*
 * verdict: the parts the verdict table is made of. Used inside report only.
 *
 * Every row is computed from commands that were run, from the diff, or from the ledger; nothing a
 * model says about its own success counts. A row that could not be computed is there all the same
 * and says why.
 */
#ifndef VDO_REPORT_VERDICT_H
#define VDO_REPORT_VERDICT_H

#include "vdo/base/strbuf.h"
#include "vdo/report/report.h"

enum { VERDICT_ID_SIZE = 13, VERDICT_MAX_TEXT = 2000 };

/* The row that fails a job by itself. */
#define VERDICT_SECRETS "secrets in the diff"

/* What rows are computed from, and where they go. */
struct verdict {
    json_t *rows;
    const struct job *job;
    const json_t *points;
    const json_t *deliver;
    char base[VERDICT_ID_SIZE]; /* short commit ids, for commands */
    char head[VERDICT_ID_SIZE]; /* "" before there is one */
};

/* command: NULL for none. */
void verdict_add(struct verdict *v, const char *name, const char *status, const char *text,
                 const char *command);
/* "a, b and 3 more" of member `name` of the items of a list (NULL: of its texts), at most `most`.
 */
void verdict_list(struct strbuf *out, const json_t *list, const char *name, size_t most);
/* "git diff --stat BASE HEAD"; NULL where nothing was pushed. Free with free(). */
char *verdict_git(const struct verdict *v, const char *command);
/* The checks, the proof of new tests or the facts of the change, as of the tree that is delivered.
 */
const json_t *verdict_newest(const json_t *points, const char *name);
/* What the job came to: the deliver checkpoint, else what a step that failed has left; or NULL. */
const json_t *verdict_outcome(const json_t *points);
/* A job for which a new test may pass without the change. */
bool verdict_is_lenient(const struct job *job);
/* "command_code" of rows: the command as a code span that may stand in a table's cell. */
void verdict_code_safe(json_t *rows);
/*
 * Render a template under comments/ whose data may hold verdict, criteria, findings and tasks, in
 * VDO_MAX_COMMENT_BODY: where it does not fit, commands are left out, then texts are cut. Free with
 * free().
 */
int verdict_render(const char *asset, json_t *data, char **out, struct err *err);

/* ---- verdict_checks.c: what was run ---- */

void verdict_check_rows(struct verdict *v);
void verdict_proof_row(struct verdict *v);
void verdict_criteria_row(struct verdict *v);
void verdict_review_row(struct verdict *v);

/* ---- verdict_change.c: what the diff tells ---- */

void verdict_test_row(struct verdict *v);
void verdict_plan_row(struct verdict *v);
void verdict_protected_row(struct verdict *v);
void verdict_sensitive_row(struct verdict *v);
void verdict_size_row(struct verdict *v);
void verdict_secrets_row(struct verdict *v);
void verdict_licence_row(struct verdict *v);
void verdict_syntax_row(struct verdict *v);
void verdict_lint_row(struct verdict *v);

/* ---- verdict_run.c: how the job went ---- */

void verdict_limits_row(struct verdict *v);
void verdict_isolation_row(struct verdict *v);
void verdict_cost_row(struct verdict *v);

/* ---- verdict_network.c: what commands tried to reach ---- */

void verdict_network_row(struct verdict *v);

#endif
