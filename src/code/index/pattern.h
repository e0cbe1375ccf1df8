/*
 * pattern: a regular expression as people and models write them, over POSIX extended syntax.
 *
 * Understood beside POSIX ERE: \d \D \w \W \s \S \b \B \t \n-free escapes, "(?:", lazy quantifiers,
 * a leading "(?i)". Refused with the reason: look-around, back-references, named groups, over
 * MAX_PATTERN bytes, two repetitions in a row, repetitions within repetitions that make more
 * than MAX_COST states of it. A line is matched at a time; lines are cut at PATTERN_MAX_LINE bytes.
 * Threads: a struct belongs to one thread.
 */
#ifndef VDO_CODE_INDEX_PATTERN_H
#define VDO_CODE_INDEX_PATTERN_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_MAX_LINE = 4096 };

struct pattern;
int pattern_new(const char *text, struct pattern **out, struct err *err);
void pattern_free(struct pattern *pattern);

/* A text that every matching line contains, or NULL; borrowed. Never with "(?i)". */
const char *pattern_literal(const struct pattern *pattern);

/* Does line[0 .. len) match? out_start and out_end get the place. The bytes may be changed and put
 * back; line[len] must be writable. */
bool pattern_match(struct pattern *pattern, char *line, size_t len, size_t *out_start,
                   size_t *out_end);

#endif
