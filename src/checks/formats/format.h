/*
 * format: how one kind of test output is read, line by line. One format a file, one table.
 *
 * A format sees the lines whose first character behind blanks is in `first`; all lines while it is
 * inside a block that belongs to it. Lines are forged as easily as printed: a format keeps its
 * state within bounds and never waits for an end that need not come.
 */
#ifndef VDO_CHECKS_FORMATS_FORMAT_H
#define VDO_CHECKS_FORMATS_FORMAT_H

#include "../tally.h"
#include "../text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct format;

/* One format at work on one output. */
struct reading {
    struct tally *tally;
    const struct format *format;
    void *state;     /* of format->state_size bytes, zeroed at the start */
    size_t since[4]; /* named tests by enum result_state since the last summary */
    bool all_lines;  /* wants every line for now */
    bool in_block;   /* lines belong to a failure: no compiler's error is read in them */
};

struct format {
    const char *name;
    const char *first; /* NULL: every line */
    size_t state_size;
    void (*line)(struct reading *r, const char *line, size_t len);
    void (*end)(struct reading *r); /* the output is over; NULL */
};

/* The formats by name, ended by one without. */
extern const struct format automake_format, boost_format, bun_format, cargo_format, catch2_format,
    cmocka_format, compiler_format, ctest_format, dart_format, deno_format, dotnet_format,
    exunit_format, gojson_format, gotest_format, gradle_format, jest_format, junit_format,
    maven_format, meson_format, minitest_format, mocha_format, nextest_format, node_format,
    phpunit_format, playwright_format, prove_format, pytest_format, rspec_format, scalatest_format,
    swifttesting_format, tap_format, unittest_format, vitest_format, xctest_format;

/* The format is recognised in this output. */
void reading_saw(struct reading *r);
/* A named test ended; a failure is made for one that failed. */
void reading_test(struct reading *r, const char *name, enum result_state state);
/* Something failed that the format's summary does not count: a file that could not be loaded. */
void reading_beside(struct reading *r, const char *name);
struct failure *reading_failure(struct reading *r, const char *name);
/* The format's summary counts n tests in that state: those not named since the last one are added
 * without a name. */
void reading_summary(struct reading *r, enum result_state state, int n);
/* The same of a summary that counts all tests, and those of them that failed or were skipped:
 * numbers of text_number() or sums of text_add(). */
void reading_summary_all(struct reading *r, int all, int failed, int skipped);
/* The same from a line of jest or vitest: "1 failed, 2 skipped, 3 passed, 7 total". Between the
 * parts stands the mark and blanks; words that are no state are passed over. */
void reading_summary_parts(struct reading *r, const char *at, char mark);

#endif
