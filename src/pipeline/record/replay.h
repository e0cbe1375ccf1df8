/* replay: the inside of struct replay. Used inside pipeline only. */
#ifndef VDO_PIPELINE_REPLAY_PRIVATE_H
#define VDO_PIPELINE_REPLAY_PRIVATE_H

#include "vdo/pipeline/replay.h"

#include "../run.h"

struct replay {
    const json_t *record;
    char dir[512];         /* of the repository, which has another name in the record */
    char id[RAND_ID_SIZE]; /* of the new job */
    size_t next_call;
    size_t next_command;
    int64_t calls;
    int64_t commands;
    json_t *difference; /* the first; NULL: none so far */
    bool exhausted;     /* something was asked that the record does not hold */
};

/* The output of a finished step in the record; NULL. Borrowed. */
const json_t *replay_checkpoint(const struct replay *replay, const char *name);

#endif
