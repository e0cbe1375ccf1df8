/*
 * splitter: output of any split becomes whole lines without escape sequences of terminals.
 *
 * A line ends at LF, CR LF or a lone CR (progress bars). Longer ones are cut at SPLITTER_MAX and
 * the rest passed over. A line holds no NUL and no control character but tab; it may hold invalid
 * UTF-8. The same lines come whatever the split. Source: ECMA-48 for CSI and OSC.
 */
#ifndef VDO_CHECKS_SPLITTER_H
#define VDO_CHECKS_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#define SPLITTER_MAX (64UL * 1024)

typedef void (*splitter_fn)(void *arg, char *line, size_t len);

struct splitter {
    char *buf; /* SPLITTER_MAX + 1 bytes */
    size_t len;
    size_t skipped; /* bytes of an operating system command so far: an unfinished one ends */
    enum { SPLITTER_TEXT, SPLITTER_ESC, SPLITTER_CSI, SPLITTER_OSC, SPLITTER_OSC_ESC } state;
    bool after_cr;
    splitter_fn emit;
    void *arg;
};

void splitter_init(struct splitter *splitter, splitter_fn emit, void *arg);
void splitter_feed(struct splitter *splitter, const char *bytes, size_t len);
/* The last line, when it has no end. */
void splitter_end(struct splitter *splitter);
void splitter_release(struct splitter *splitter);

#endif
