/*
 * sse: a reader of server-sent events that takes bytes in any split.
 *
 * Source: WHATWG HTML, "9.2.6 Interpreting an event stream". CR, LF and CRLF end lines, also across
 * pieces; data lines are joined with LF; comments are skipped; a BOM at the start is skipped; the
 * last event is given out at sse_finish() even without its blank line. Threads: one reader belongs
 * to one thread.
 */
#ifndef VDO_HTTP_SSE_H
#define VDO_HTTP_SSE_H

#include "vdo/base/err.h"

#include <stddef.h>

/* event: its name, "" when absent; data: NUL-terminated, data_len bytes. 0 goes on; a negative
 * vdo_code stops. */
typedef int (*sse_event_fn)(void *arg, const char *event, const char *data, size_t data_len);

struct sse_reader;
/* max_line: longest line and longest event in bytes. */
struct sse_reader *sse_reader_new(size_t max_line, sse_event_fn on_event, void *arg);
void sse_reader_free(struct sse_reader *reader);
/* 0; VDO_E_TOO_LARGE; the code of on_event. */
int sse_feed(struct sse_reader *reader, const char *bytes, size_t len, struct err *err);
int sse_finish(struct sse_reader *reader, struct err *err);

#endif
