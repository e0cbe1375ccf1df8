/*
 * secret: a value that must not be printed: keys, tokens, webhook secrets.
 *
 * It is a struct, so that no printf format takes it; the bytes are read through secret_reveal()
 * only, at the place that puts them on a wire. Every secret that is set is also known to
 * redact_text() below, so that a value that comes back from outside (an error page that echoes a
 * header) is hidden in logs and records. Threads: a secret is read by any number of threads and
 * written by one; the list behind redact_text() has its own lock.
 */
#ifndef VDO_BASE_SECRET_H
#define VDO_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

struct secret {
    char *bytes; /* owned, NUL-terminated; NULL when unset. Use secret_reveal(). */
    size_t len;
};

/* Copy the bytes in (what was there before is wiped). Values of 8 bytes and more are redacted. */
void secret_set(struct secret *secret, const void *bytes, size_t len);
void secret_copy(struct secret *to, const struct secret *from);
/* Wipe and free. NULL and a zeroed struct are fine. The value stays known to redact_text(). */
void secret_release(struct secret *secret);
bool secret_is_set(const struct secret *secret);
/* Borrowed until the secret is set or released; "" when unset. */
const char *secret_reveal(const struct secret *secret);

/* Does a text hold one of the values that were set? out_at: where the first begins; NULL: not
 * asked. */
bool secret_known_in(const char *text, size_t len, size_t *out_at);

/*
 * What kind of token has its form at the start of text: "GitHub token", "AWS access key", ...; NULL
 * when none has. Source: the vendors' published formats, one list in src/base/secret_shape.c.
 *
 * word_start  no character of a token stands before text: short prefixes are told there only
 * certain     false: everything that could be one, for hiding; true: the exact form only, for
 *             saying that it is one
 * out_len     bytes of the token; untouched when there is none
 */
const char *secret_shape(const char *text, size_t len, bool word_start, bool certain,
                         size_t *out_len);
/* What the i-th form begins with, two characters at least; NULL past the last. */
const char *secret_shape_prefix(size_t i);

/*
 * Append text to out with every known secret, everything that has the form of a token (see
 * secret_shape()) and every PEM private key replaced by "[redacted]".
 */
void redact_text(const char *text, size_t len, struct strbuf *out);
/* The same for a NUL-terminated text; the caller frees the result with free(). */
char *redact_dup(const char *text);

#endif
