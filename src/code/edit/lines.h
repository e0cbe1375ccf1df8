/*
 * lines: bytes seen as lines that remember how they end, and the ways two lines can be alike.
 *
 * A line is a view into somebody else's bytes. "a\r\nb" is two lines: one ending in EOL_CRLF, one
 * in EOL_NONE. A lone carriage return is part of its line.
 */
#ifndef VDO_CODE_EDIT_LINES_H
#define VDO_CODE_EDIT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eol { EOL_NONE, EOL_LF, EOL_CRLF };

struct line {
    const char *ptr;
    size_t len; /* without the line ending */
    enum eol eol;
};

struct lines {
    struct line *v;
    size_t n;
    size_t cap;
};

/* Split; bytes must outlive the result. Release with lines_release(). */
void lines_split(struct lines *lines, const char *bytes, size_t len);
void lines_add(struct lines *lines, const char *ptr, size_t len, enum eol eol);
void lines_release(struct lines *lines);
/* Take carriage returns off the ends of all lines: an answer has no say in how lines end. */
void lines_drop_cr(struct lines *lines);

/*
 * How much two lines may differ and still count as the same.
 *
 * KEY_EXACT  byte for byte
 * KEY_RSTRIP blanks at the end do not count
 * KEY_STRIP  nor does the indentation
 * KEY_FOLD   nor does the amount of blanks inside, nor look-alike quotes, dashes and blanks;
 *            two words stay two words
 */
enum line_key { KEY_EXACT, KEY_RSTRIP, KEY_STRIP, KEY_FOLD, KEY_COUNT };

uint64_t line_hash(enum line_key key, const char *ptr, size_t len);
bool line_same(enum line_key key, const char *a, size_t a_len, const char *b, size_t b_len);

/* Length of the leading spaces and tabs. */
size_t line_indent(const char *ptr, size_t len);
/* Length without blanks at the end. */
size_t line_rstrip(const char *ptr, size_t len);
bool line_is_blank(const char *ptr, size_t len);
/* Narrow to what lies between leading and trailing blanks. */
void line_trim(const char **ptr, size_t *len);
/* Does the line start with this text? */
bool line_starts(const char *ptr, size_t len, const char *text);
bool line_is(const char *ptr, size_t len, const char *text);

#endif
