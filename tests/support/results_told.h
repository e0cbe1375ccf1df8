/*
 * results_told: what results_end() gives, as lines for people, so that it can be compared with a
 * file.
 */
#ifndef VDO_TESTS_SUPPORT_RESULTS_TOLD_H
#define VDO_TESTS_SUPPORT_RESULTS_TOLD_H

#include <jansson.h>

/* Free with free(). */
char *results_told(const json_t *read);

#endif
