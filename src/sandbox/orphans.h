/*
 * orphans: sandboxes whose VDO is gone.
 *
 * A run dies with VDO, by PR_SET_PDEATHSIG. But bwrap lets the command start a moment before the
 * namespace's first process has asked for that signal; a VDO that is killed in that moment leaves
 * the run behind. So each run carries a mark that says whose it is, and the next VDO ends those
 * whose owner is dead. Threads: any.
 */
#ifndef VDO_SANDBOX_ORPHANS_H
#define VDO_SANDBOX_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>

/* The name under which bwrap's command line carries the mark. */
#define ORPHANS_NAME "VDO_SANDBOX_OWNER"
enum { ORPHANS_MARK_SIZE = 96 };

/* "pid namespace:pid:start time" of this process. Returns buf. */
char *orphans_mark(char *buf, size_t size);

/* Does a name "vdo-<mark with dots>-<which>" belong to an owner that is dead? */
bool orphans_is_left(const char *name);

/* Kill every bwrap of ours whose owner is dead. Returns how many were found. */
int orphans_end(void);

#endif
