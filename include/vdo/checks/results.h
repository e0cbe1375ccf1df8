/*
 * results: what the output of a check says about tests, beyond its exit code.
 *
 * A reader is fed the output as it comes and keeps counts, names and messages only, so a log of any
 * length costs a bounded amount of memory. Formats: those of docs/checks.md, one a file in
 * src/checks/formats, and JUnit XML (in the output, or a file that a check has left). Compilers'
 * "file:line: error:" lines are read too. Several formats in one output add up; the same test named
 * twice counts once.
 *
 * All of it was printed by hostile code: a forged line can lie about a test. The exit code of the
 * check stands above whatever is read here, and results_agree() tells when both differ.
 *
 * Threads: a reader belongs to one thread.
 */
#ifndef VDO_CHECKS_RESULTS_H
#define VDO_CHECKS_RESULTS_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define RESULTS_MAX_FAILURES 100   /* kept with message; more are counted */
#define RESULTS_MAX_NAMES    20000 /* names of tests kept for comparing two runs */
#define RESULTS_MAX_NAME     300   /* bytes; longer names are cut and get a hash */
#define RESULTS_MAX_MESSAGE  1000  /* bytes of a failure's message */
#define RESULTS_MAX_DETAIL   3000  /* bytes of a failure's lines: the first and the last */
#define RESULTS_MAX_JUNIT    (100UL * 1024 * 1024)

struct results;

struct results *results_new(void);
void results_free(struct results *results);

/*
 * Where the check ran: paths below dir are told relative to it, in names, places and messages, so
 * that two runs in different directories can be compared. Before the first bytes.
 */
void results_root(struct results *results, const char *dir);

/* Bytes of the output in their order, split anywhere, valid UTF-8 or not; escape sequences of
 * terminals are passed over. After results_end() nothing may be fed any more. */
void results_feed(struct results *results, const char *bytes, size_t len);
/*
 * A JUnit XML file in one piece, at most RESULTS_MAX_JUNIT. Document types and entities are not
 * expanded. VDO_E_INVALID with the line when it is no such file (what was read before counts);
 * VDO_E_TOO_LARGE.
 */
int results_feed_junit(struct results *results, const char *bytes, size_t len, struct err *err);

/*
 * What was read:
 *
 *     {"formats": ["pytest"], "passed": 12, "failed": 1, "skipped": 0,
 *      "failures": [{"name", "file": text or null, "line": n or 0, "message", "detail"}],
 *      "problems": [{"file", "line", "message"}]     compiler errors, at most RESULTS_MAX_FAILURES
 *      "more_failures": n}                            beyond those listed
 *
 * formats is [] when nothing was recognised; then the counts are 0 and mean nothing. detail holds
 * the lines of the output that belong to the failure. Every text is valid UTF-8. New reference.
 */
json_t *results_end(struct results *results);

/* "12 passed, 1 failed (test_a, test_b)", "no test results in the output": of such an object; buf
 * of at least 200 bytes. Returns buf. */
char *results_text(const json_t *read, char *buf, size_t size);

/* Does what was read fit the exit code? False when it is 0 while failures were read, or tests were
 * read, none failed, there are no problems, and it is not 0. */
bool results_agree(const json_t *read, int exit_code);

enum result_state { RESULT_UNKNOWN, RESULT_PASSED, RESULT_FAILED, RESULT_SKIPPED };

/* How one test ended; RESULT_UNKNOWN when it was not named (dots, quiet output) or names were more
 * than RESULTS_MAX_NAMES. After results_end(). */
enum result_state results_of(const struct results *results, const char *name);
/* Visit the named tests in the order they were first seen. After results_end(). */
typedef void (*results_visit_fn)(void *arg, const char *name, enum result_state state);
void results_visit(const struct results *results, results_visit_fn visit, void *arg);

#endif
