/*
 * strbuf: a growing byte string that always ends in a NUL and never passes its maximum.
 *
 *     AUTO_STRBUF sb;
 *     strbuf_init(&sb, VDO_MAX_COMMENT_BODY);
 *     strbuf_addf(&sb, "%d files", n);
 *     if (strbuf_overflowed(&sb)) ...
 *     char *text = strbuf_take(&sb, NULL);
 *
 * An append that would pass the maximum adds nothing, sets the overflow mark and makes all
 * further appends do nothing; so a run of appends needs one check at its end. Length is without
 * the NUL; bytes may contain NULs. Not for: sharing between threads.
 */
#ifndef VDO_BASE_STRBUF_H
#define VDO_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *ptr; /* never NULL after init; owned */
    size_t len;
    size_t cap;
    size_t max; /* most bytes without the NUL */
    bool overflow;
};

void strbuf_init(struct strbuf *sb, size_t max);
/* Free the bytes; NULL and a zeroed struct are fine; the struct may be initialised again. */
void strbuf_release(struct strbuf *sb);
/* Length 0, overflow mark off, memory kept. */
void strbuf_clear(struct strbuf *sb);

/* Each returns 0, or VDO_E_TOO_LARGE when the maximum is or was passed. */
int strbuf_add(struct strbuf *sb, const void *bytes, size_t len);
int strbuf_adds(struct strbuf *sb, const char *text);
int strbuf_addc(struct strbuf *sb, char c);
int strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* As one word for a POSIX shell, in single quotes: 'it'\''s'. */
int strbuf_add_word(struct strbuf *sb, const char *text);

bool strbuf_overflowed(const struct strbuf *sb);
/* Cut to len bytes; len past the end does nothing. */
void strbuf_truncate(struct strbuf *sb, size_t len);
/* Move the bytes out; the caller frees them with free(). The buffer is released. */
char *strbuf_take(struct strbuf *sb, size_t *out_len);

/* `AUTO_STRBUF sb = {0};` is released when the scope ends. */
#define AUTO_STRBUF __attribute__((cleanup(strbuf_release))) struct strbuf

#endif
