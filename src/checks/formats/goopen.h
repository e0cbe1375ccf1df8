/*
 * goopen: Go's tests that have printed and not ended yet, with what they printed. They run at the
 * same time, so that their lines are mixed.
 */
#ifndef VDO_CHECKS_FORMATS_GOOPEN_H
#define VDO_CHECKS_FORMATS_GOOPEN_H

#include "format.h"

enum { GO_OPEN = 64 };

struct go_open {
    struct {
        char *name; /* NULL: free */
        struct clip output;
        char *place;   /* the last line that begins with a place */
        char *message; /* a panic */
    } test[GO_OPEN];
    size_t next; /* the oldest makes room */
};

void go_open_print(struct go_open *open, const char *name, const char *line);
/* The test has ended; with a failure, what it has printed becomes its detail. */
void go_open_end(struct go_open *open, const char *name, struct failure *failure);
/* All of them end. */
void go_open_clear(struct go_open *open);

#endif
