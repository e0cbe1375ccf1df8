/*
 * match: the one matcher. It finds where the old lines of a hunk stand in a file, or says why that
 * is not certain.
 *
 * Exact first; then one looser reading after the other, each of which counts only when it fits in
 * one place. Line numbers choose among places that fit exactly and nothing else.
 */
#ifndef VDO_CODE_EDIT_MATCH_H
#define VDO_CODE_EDIT_MATCH_H

#include "line_index.h"
#include "lines.h"
#include "plan.h"
#include "refusal.h"

#include <stdbool.h>
#include <stddef.h>

enum match_kind {
    MATCH_EXACT,
    MATCH_TRAILING_BLANKS,
    MATCH_BLANKS,
    MATCH_INDENTATION,
    MATCH_TYPO,
    MATCH_MISSING_CONTEXT,
    MATCH_ELISION,
};

/* The name that `vdo apply --json` shows. */
const char *match_kind_name(enum match_kind kind);

/* A file's lines with the indexes that were needed so far. */
struct match_text {
    struct lines lines;
    struct line_index index[KEY_COUNT];
    bool indexed[KEY_COUNT];
    bool renumbered; /* the lines have changed since the answer was written: its numbers tell
                        nothing */
};

void match_text_release(struct match_text *text);

/* Where a hunk goes. */
struct place {
    const struct hunk *hunk; /* the reading that fits; borrowed, or `own` */
    struct hunk *own;        /* owned; NULL */
    enum match_kind kind;
    size_t *at;   /* for each line of the hunk: its line in the file; SIZE_MAX for additions,
                     elisions and lines left out; owned */
    size_t first; /* first and last file line that the hunk speaks of */
    size_t last;
    size_t skip_head; /* lines of the hunk that were noise and count for nothing */
    size_t skip_tail;
};

void place_release(struct place *place);

/*
 * Find the one place of a hunk.
 *
 * Returns 0 with out set (release it); VDO_E_REFUSED with why->reason REASON_NOT_FOUND,
 * REASON_AMBIGUOUS or REASON_ALREADY_APPLIED. path is for the message.
 */
int match_hunk(struct match_text *text, const struct hunk *hunk, const char *path,
               struct place *out, struct refusal *why);

/* The old lines of a hunk, without `skip_head` lines at its start and `skip_tail` at its end. */
struct old_lines {
    const struct hunk_line **v; /* owned */
    size_t *from;               /* index in hunk->lines; owned */
    size_t n;
    size_t skip_head;
    size_t skip_tail;
};

void old_lines_init(struct old_lines *old, const struct hunk *hunk, size_t skip_head,
                    size_t skip_tail);
void old_lines_release(struct old_lines *old);

/* Called for each place where all old lines stand one after the other; start is the first. Return
 * false to stop. */
typedef bool (*match_visit_fn)(void *arg, size_t start);

void match_each(struct match_text *text, enum line_key key, const struct old_lines *old,
                match_visit_fn visit, void *arg);

/* Readings beyond whole runs. Each returns how many places there are (2: more than one) and fills
 * at[] (one per old line) for the first. */
int match_typo(struct match_text *text, const struct old_lines *old, size_t *at);
int match_gap(struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
              bool one_line, size_t *at);
int match_elision(struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
                  size_t *at);

/* How far two lines are apart: insertions, deletions, changes and swaps of neighbours; limit + 1
 * when more than limit. */
size_t line_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit);

/* Put the file's text nearest to the hunk into why as its candidate. */
void match_candidate(struct match_text *text, const struct hunk *hunk, const char *path,
                     struct refusal *why);

#endif
