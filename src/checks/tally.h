/*
 * tally: tests by name, how they ended, and what is kept of those that failed.
 *
 * A test has one name whatever printed it: "tests/test_a.py::test_x" of pytest's output and
 * "tests.test_a.test_x" of its JUnit file are one. The output of a check and the files that it has
 * left are two sides that tell of the same tests: they are counted apart and the larger count of
 * each state holds. Every text is kept in bounded memory.
 */
#ifndef VDO_CHECKS_TALLY_H
#define VDO_CHECKS_TALLY_H

#include "clip.h"
#include "text.h"

#include "vdo/base/strbuf.h"
#include "vdo/checks/results.h"

#include <stdint.h>

struct tally;

enum tally_side { TALLY_OUTPUT, TALLY_FILE, TALLY_SIDES };

struct failure {
    char *name;
    char *canon; /* see above */
    char *file;  /* NULL when not known */
    int line;
    char *message; /* NULL when there is none */
    struct clip detail;
};

struct tally *tally_new(void);
void tally_free(struct tally *tally);

/* Paths below it are made relative in every text. NULL: none. */
void tally_set_root(struct tally *tally, const char *dir);
/* Take "<root>/" out of a line in place; the new length. */
size_t tally_strip_root(const struct tally *tally, char *line, size_t len);

/* One test ended. The worse of two states of one name holds: failed, passed, skipped. */
void tally_test(struct tally *tally, enum tally_side side, const char *name,
                enum result_state state);
/* n tests without a name. */
void tally_unnamed(struct tally *tally, enum tally_side side, enum result_state state, size_t n);

/* What is kept of a failing test; NULL when it is the RESULTS_MAX_FAILURES + 1st. The pointer may
 * be used as long as the tally; after tally_rename() it may have come to mean another test. */
struct failure *tally_failure(struct tally *tally, enum tally_side side, const char *name);
/* The first that is told holds; a NULL failure is fine. */
void failure_place(struct failure *failure, const struct place *place);
void failure_place_in(struct failure *failure, const char *text);
void failure_message(struct failure *failure, const char *text, size_t len);
void failure_detail(struct failure *failure, const char *line, size_t len);
/* What from knows and to does not goes over; from is empty then. */
void failure_merge(struct failure *from, struct failure *to);
/* Empty again; a zeroed one is fine. */
void failure_release(struct failure *failure);
/* Give it another name; with one that is kept under that name already it becomes one. NULL, and one
 * that has become part of another, are fine. */
void tally_rename(struct tally *tally, struct failure *failure, const char *name);

/* A compiler's error; told twice it counts once. file "" when there is none. */
void tally_problem(struct tally *tally, const char *file, size_t file_len, int line,
                   const char *message, size_t len);

void tally_format(struct tally *tally, const char *name);
bool tally_has_format(const struct tally *tally, const char *name);

/* The shape that results_end() gives. */
json_t *tally_json(const struct tally *tally);
enum result_state tally_state(const struct tally *tally, const char *name);
void tally_visit(const struct tally *tally, results_visit_fn visit, void *arg);

#endif
