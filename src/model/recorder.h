/*
 * recorder: writes requests for the record, each turn of a conversation once (record.h).
 *
 * It remembers the conversation that was recorded last, as a copy: its turns are compared by their
 * content. Threads: as its session.
 */
#ifndef VDO_MODEL_RECORDER_H
#define VDO_MODEL_RECORDER_H

#include "attempt.h"

struct recorder {
    char *job_id; /* NULL: nothing is remembered */
    char *system;
    struct turn *turns;
    size_t n_turns;
    char **tools;
    size_t n_tools;
    char id[16];
};

void recorder_release(struct recorder *recorder);
/* The request of an attempt as it goes into the record; free with free(). It is remembered at once;
 * recorder_release() when the store did not take it. */
char *recorder_request(struct recorder *recorder, const struct attempt *attempt);
/* The same with every turn, and nothing is remembered. */
char *recorder_whole_request(const struct attempt *attempt);

#endif
