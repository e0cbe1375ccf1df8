/*
 * ctags: definitions found by universal-ctags, as a child that is fed file contents.
 *
 * It runs with --options=NONE first (it would read .ctags.d from the directory it is in otherwise),
 * in its own seccomp sandbox where the build has one, without any environment, and never sees the
 * file system: contents go in by its interactive mode. A child that dies, answers nonsense or takes
 * longer than CTAGS_FILE_MS for one file is replaced, a few times. Threads: a struct belongs to
 * one.
 */
#ifndef VDO_CODE_INDEX_CTAGS_H
#define VDO_CODE_INDEX_CTAGS_H

#include "facts.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { CTAGS_FILE_MS = 5000 };

/* Is there a ctags that can be used? Asked once per process. */
bool ctags_available(void);

struct ctags;
/* Never NULL; a ctags that cannot be started gives no symbols. */
struct ctags *ctags_new(void);
void ctags_free(struct ctags *ctags);

/* Hand a file over; it is read while the caller does something else. bytes must stay until the
 * matching ctags_collect(). Files are collected in the order they were handed over. */
void ctags_submit(struct ctags *ctags, const char *name, const char *bytes, size_t len);

typedef void (*ctags_fn)(void *arg, const struct facts_symbol *symbol);
/* Wait for the definitions of the oldest file. False when there are none because it failed. */
bool ctags_collect(struct ctags *ctags, ctags_fn fn, void *arg);

#endif
