/*
 * junit: JUnit XML as pytest, Maven Surefire, Gradle, jest-junit, node, mocha, vitest, ctest and
 * cmocka write it, read piece by piece with expat.
 *
 * Hostile until proven otherwise: document types (and with them entities) end the reading, as do a
 * depth over 64, a tag over 1 MiB and what is not well-formed; texts are kept to their caps.
 * Sources: the Jenkins schema junit-10.xsd, surefire-test-report.xsd.
 */
#ifndef VDO_CHECKS_JUNIT_H
#define VDO_CHECKS_JUNIT_H

#include "tally.h"

#include "vdo/base/err.h"

struct junit;

struct junit *junit_new(struct tally *tally, enum tally_side side);
/* VDO_E_INVALID or VDO_E_TOO_LARGE, with the line; then nothing more may be fed. */
int junit_feed(struct junit *junit, const char *bytes, size_t len, bool last, struct err *err);
/* Has the outermost element ended? */
bool junit_is_done(const struct junit *junit);
void junit_free(struct junit *junit);

/* A whole file: results_feed_junit(). */
int junit_read_file(struct tally *tally, const char *bytes, size_t len, struct err *err);

#endif
