/*
 * verdict_row: what every row of the verdict is made with: the checkpoints it is read from, the
 * table it goes to, and how lists and commands in it are written. Used inside report only.
 */
#ifndef VDO_REPORT_VERDICT_ROW_H
#define VDO_REPORT_VERDICT_ROW_H

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

#endif
