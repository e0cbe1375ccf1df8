/*
 * mem: allocation that does not fail, and scope-bound clean-up.
 *
 * For small internal allocations: when memory is gone the process logs and aborts; nothing is
 * lost, because the store is the truth. Anything sized from outside is checked against a cap of
 * base/limits.h first. Free with free(). Threads: any.
 */
#ifndef VDO_BASE_MEM_H
#define VDO_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
/* Grow an array of n elements of the given size; aborts on overflow. */
void *xreallocarray(void *ptr, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
/* xstrdup that passes NULL through. */
char *xstrdup_or_null(const char *text) __attribute__((malloc));
char *xstrndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
/* len bytes and a NUL behind them, whatever the bytes are. */
char *xmemdup0(const void *bytes, size_t len) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* `AUTO_FREE char *p = ...;` is freed when the scope ends. */
#define AUTO_FREE __attribute__((cleanup(auto_free_ptr)))
void auto_free_ptr(void *ptr_to_ptr);

#endif
