/*
 * reading: what one run of a check said about tests: its output while it runs, and the JUnit files
 * it has left. Used inside pipeline only.
 *
 *     {"tests": as results_end(), "agree": bool, "junit": files found,
 *      "unread": [text: file and why, of those that were not read to their end],
 *      "names": {test: "p" passed, "f" failed, "s" skipped}, "names_cut": bool}
 *
 * Of output and JUnit files the one that names failures counts, else the one that names more tests;
 * they are not added, because the same test has two names in them. agree is false when either does
 * not fit the exit code. Threads: a reading belongs to one thread.
 */
#ifndef VDO_PIPELINE_READING_H
#define VDO_PIPELINE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Bytes of names kept for comparing; beyond, names_cut is set and names are left out. */
#define READING_MAX_NAMES (2UL * 1024 * 1024)

struct reading;

/* dir: where the check is about to run; report files that stand there already are not its. place:
 * where that is for the check itself, which paths in what it says begin with. */
struct reading *reading_new(const char *dir, const char *place);
void reading_free(struct reading *reading);
/* A proc_output_fn with the reading as arg. Lines of both streams are kept whole. */
void reading_feed(void *reading, int stream, const char *bytes, size_t len);
/* After the run; looks for the files it has left. New reference. */
json_t *reading_end(struct reading *reading, int exit_code);

/* A reading in which nothing was recognised; new reference. */
json_t *reading_none(void);
/* How a reading says a test ended: 'p', 'f', 's', or '\0' when it does not name it. */
char reading_state(const json_t *reading, const char *name);

#endif
