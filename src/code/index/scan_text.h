/*
 * scan_text: one pass over a source file that tells identifiers and words in code from those in
 * comments and strings.
 *
 * It knows each language's marks (lang.h) and no grammar: a mark in an unusual place costs at most
 * one line, or one comment. Threads: any.
 */
#ifndef VDO_CODE_INDEX_SCAN_TEXT_H
#define VDO_CODE_INDEX_SCAN_TEXT_H

#include "lang.h"

#include <stddef.h>
#include <stdint.h>

enum scan_kind { SCAN_CODE, SCAN_TEXT };

/* A run of word bytes at bytes[start .. start + len). line counts from 1. */
typedef void (*scan_fn)(void *arg, enum scan_kind kind, size_t start, size_t len);
/* Returns the number of lines. segment_line gets the line at which each of n equal parts starts. */
uint32_t scan_text(const struct lang *lang, const char *bytes, size_t len, uint32_t *segment_line,
                   size_t n_segments, scan_fn fn, void *arg);

/* The first sentence of the first comment (or heading, or paragraph) that is no licence; at most
 * max bytes without the NUL. Returns its length, 0 when there is none. */
size_t scan_summary(const struct lang *lang, const char *bytes, size_t len, char *out, size_t max);

/* Names of what the file imports, includes or requires, as written in it. */
typedef void (*import_fn)(void *arg, const char *name, size_t len);
void scan_imports(const struct lang *lang, const char *bytes, size_t len, import_fn fn, void *arg);

#endif
