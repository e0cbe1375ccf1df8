/*
 * attempts: what a run tried to reach, each kind of attempt once. Threads: belongs to one thread.
 */
#ifndef VDO_SANDBOX_ATTEMPTS_H
#define VDO_SANDBOX_ATTEMPTS_H

#include "vdo/base/host_rule.h"

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum { ATTEMPTS_MOST = 100, ATTEMPT_WHY_SIZE = 120 };

struct attempt {
    char host[HOST_NAME_SIZE]; /* "" when it could not be read */
    uint16_t port;
    bool allowed;
    char why[ATTEMPT_WHY_SIZE]; /* "" when all went well */
    int64_t count;
};

struct attempts {
    struct attempt *list; /* owned */
    size_t n;
    int64_t more; /* that found no room */
};

void attempts_add(struct attempts *attempts, const char *host, uint16_t port, bool allowed,
                  const char *why);
/* Add all that another one has. */
void attempts_add_all(struct attempts *attempts, const struct attempts *others);
/* [{"host","port","allowed","why","count"}], the refused ones first; what found no room is one
 * entry with host "". New reference. */
json_t *attempts_json(const struct attempts *attempts);
void attempts_release(struct attempts *attempts);

#endif
