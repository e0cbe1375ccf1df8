/*
 * output: what a run wrote, head and tail, as text. Threads: belongs to one run.
 */
#ifndef VDO_SANDBOX_OUTPUT_H
#define VDO_SANDBOX_OUTPUT_H

#include "vdo/base/strbuf.h"

#include <stdint.h>

struct output {
    struct strbuf head;
    struct strbuf tail; /* cut from the front when it is full */
    size_t most;        /* bytes of each */
    uint64_t dropped;
};

void output_init(struct output *output, size_t most);
void output_add(struct output *output, const char *bytes, size_t len);
/* Head, "... N bytes left out ...", tail as valid UTF-8 without NULs; free with free(). */
char *output_text(const struct output *output);
void output_release(struct output *output);

#endif
