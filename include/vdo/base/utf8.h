/*
 * utf8: one code point at a time, without trusting the bytes.
 *
 * Source: RFC 3629; surrogates, overlong forms and values past U+10FFFF are invalid. Threads: any.
 */
#ifndef VDO_BASE_UTF8_H
#define VDO_BASE_UTF8_H

#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode the code point at bytes; len > 0. Returns its size, 1 .. 4, or 0 when the bytes there are
 * not valid (out untouched). */
size_t utf8_decode(const char *bytes, size_t len, uint32_t *out);

/* Append a valid code point. Returns as strbuf_add(). */
int utf8_add(struct strbuf *sb, uint32_t code_point);

bool utf8_is_valid(const char *bytes, size_t len);

/*
 * Does the code point show nothing by itself, so that text can be hidden in it or moved by it?
 * Control characters but tab and line feed, soft hyphen, zero-width and bidirectional controls,
 * invisible operators, variation selectors, Hangul and other blank fillers, interlinear marks, tag
 * characters. Source: Unicode 15, Default_Ignorable_Code_Point and Bidi_Control.
 */
bool utf8_is_invisible(uint32_t code_point);

#endif
