/*
 * verdict: the rows the verdict table is made of. Used inside report only.
 *
 * Every row is computed from commands that were run, from the diff, or from the ledger; nothing a
 * model says about its own success counts. A row that could not be computed is there all the same
 * and says why.
 */
#ifndef VDO_REPORT_VERDICT_H
#define VDO_REPORT_VERDICT_H

#include "verdict_row.h"

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
