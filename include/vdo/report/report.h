/*
 * report: texts made from a job: living comment, pull request body, verdict table, answers.
 *
 * Everything is drawn from the store, so that any process can draw it again. Texts of issues and
 * models are escaped for Markdown; bodies stay under VDO_MAX_COMMENT_BODY. Templates:
 * templates/comments/. Threads: any.
 */
#ifndef VDO_REPORT_REPORT_H
#define VDO_REPORT_REPORT_H

#include "vdo/base/err.h"
#include "vdo/config/config.h"
#include "vdo/forge/forge.h"
#include "vdo/store/store.h"

#include <stdbool.h>

#include <jansson.h>

/* The headline of a job that a limit of money, turns, tokens or time has ended. */
#define REPORT_HEADLINE_LIMIT "stopped at a limit"

struct report {
    struct store *store;         /* borrowed */
    const struct config *config; /* borrowed */
    struct forge *forge;         /* borrowed; for web addresses; NULL: none */
};

/* The living comment as of now, without its marker; free with free(). Signature of progress_draw_fn
 * with a struct report as arg. */
int report_progress(void *arg, const char *job_id, char **out, struct err *err);

/* Body of the pull request: what and why, criteria table, verdict table, cost, "Fixes #n". deliver:
 * its checkpoint so far (files, verdict). */
int report_pull_body(const struct report *report, const struct job *job, const json_t *checkpoints,
                     const json_t *deliver, char **out, struct err *err);

/*
 * The verdict rows; what each means stands in docs/verdict.md. New reference.
 *
 * points   checkpoints of the finished steps
 * deliver  the deliver checkpoint so far: files, added, removed, criteria, and commit where there
 *          is one
 */
json_t *report_verdict(const struct job *job, const json_t *points, const json_t *deliver);
/* "verified", "failing", "unverified (no checks)", "unverified (no test ran)", "unverified (failing
 * tests no longer run)", "unverified (exit code and output disagree)", "unverified (flaky)": what
 * the checks come to. Static. */
const char *report_headline(const json_t *verdict, const json_t *points);
/*
 * The criteria for a table: those of deliver, else of the refiner, each with "state" ("covered",
 * "not covered") and "where" (tests and lines, or why it is not covered), for people. New
 * reference.
 */
json_t *report_criteria(const json_t *points, const json_t *deliver);
/* How one run of a check ended, for people: "12 passed, 1 failed (test_x)", "passed", "failed (exit
 * 2)", "not run: ...". result: as in the verify checkpoint, or NULL. Returns buf. */
char *report_check_text(const json_t *result, char *buf, size_t size);
/* The rows as a plain-text table for a terminal; free with free(). */
char *report_verdict_text(const json_t *verdict);

/* An outbox row with a reaction to what triggered the job: the comment, else the issue. content:
 * eyes rocket confused. */
void report_reaction_row(struct outbox_row *row, const struct job *job, const char *content);

/* A short answer to a command: name of a template below templates/comments/, data for it; free with
 * free(). */
int report_reply(const char *template_name, const json_t *data, char **out, struct err *err);

/*
 * A job as the API shows it. detail: also steps[] criteria[] tasks[] files[] checks[] new_tests[]
 * findings[] verdict[] usage[] reason. public_url: for "url". New reference.
 */
json_t *report_job_json(const struct report *report, const struct job *job, bool detail);
/* A delivery as the API shows it; new reference. */
json_t *report_delivery_json(const struct delivery *delivery);
/* Usage per provider and model: [{"provider","model","calls","input_tokens",...,"cost_usd"}]; new
 * reference. */
json_t *report_usage(struct store *store, const char *job_id);
/*
 * The ledger of a job, one member per attempt at a call, oldest first: [{"id", "at", "step",
 * "role", "provider", "model", "attempt", "ok", "estimated", "input_tokens", "cache_read_tokens",
 * "cache_write_tokens", "output_tokens", "cache_hit_share" (of the prompt, 0 .. 1), "cost_usd",
 * "latency_ms"}]. estimated: the provider did not say what it used. *out: new reference. Errors are
 * the store's.
 */
int report_calls(struct store *store, const char *job_id, json_t **out, struct err *err);
/* Micro-dollars as dollars for JSON: 1234567 -> 1.234567 exactly as a real. */
double report_usd(int64_t microusd);
/* "$0.0123", "$1.23": for people. buf of 32 bytes. Returns buf. */
char *report_usd_text(int64_t microusd, char *buf, size_t size);
/* "12 ms", "3.4 s", "5 min 7 s": for people. buf of 48 bytes. Returns buf. */
char *report_duration_text(int64_t ms, char *buf, size_t size);

#endif
