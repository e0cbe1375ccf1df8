/*
 * name: names of tests, held to RESULTS_MAX_NAME bytes and compared whatever wrote them.
 */
#ifndef VDO_CHECKS_NAME_H
#define VDO_CHECKS_NAME_H

#include <stddef.h>
#include <stdint.h>

/* A copy without blanks at both ends, at most RESULTS_MAX_NAME bytes: longer ones are cut and end
 * in a hash of the whole. */
char *name_clip(const char *name, size_t len);
/* The same name as other formats write it: separators become ".", file endings go. */
char *name_canon(const char *name);
/* The hash of the canonical name. */
uint64_t name_key(const char *name);
uint64_t name_hash(const char *text, size_t len);
/* Does one canonical name end in the other at a separator? */
int name_is_tail(const char *whole, const char *tail);

#endif
