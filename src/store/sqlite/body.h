/*
 * body: a delivery's body as it lies in the table.
 *
 * LZ4's block format (lz4.h). A usual payload shrinks to a fifth in 4 us, which costs less than
 * writing the rest of it to the log and to the file. Threads: any.
 */
#ifndef VDO_STORE_SQLITE_BODY_H
#define VDO_STORE_SQLITE_BODY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Pack a body of at most VDO_MAX_WEBHOOK_BODY bytes. out_raw_len: what body_unpack() must be told;
 * 0 when packing would not make it smaller, then *out is a copy of it. Returns the bytes, *out_len
 * of them; free with free().
 */
char *body_pack(const char *body, size_t len, size_t *out_len, size_t *out_raw_len);

/* The inverse; a NUL stands behind the last byte, free with free(). False when the bytes are
 * damaged; then nothing is set. */
bool body_unpack(const char *packed, size_t len, size_t raw_len, char **out, size_t *out_len);

#endif
