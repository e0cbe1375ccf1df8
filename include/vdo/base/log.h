/*
 * log: one line per event on stderr, JSON or key=value, with the ids that tie lines together.
 *
 *     log_info(&ctx, "job.step", "state=%s", "done")   ->
 *     {"t":"2026-11-21T08:00:00.123Z","level":"info","event":"job.step","job":"j1","step":"plan","msg":"state=done"}
 *
 * The message is redacted (base/secret) and escaped; a line is written with one write(). Below bot,
 * web, app and cli nothing logs: those floors return errors. errno is kept. Threads: any.
 */
#ifndef VDO_BASE_LOG_H
#define VDO_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What an event belongs to; every member may be NULL; NULL instead of the struct is fine too. */
struct log_ctx {
    const char *delivery; /* webhook delivery guid */
    const char *job;
    const char *step;
};

/* Set once at start, before threads. Default: text, info. */
void log_setup(enum log_level least, enum log_format format);
bool log_enabled(enum log_level level);

void log_event(enum log_level level, const struct log_ctx *ctx, const char *event, const char *fmt,
               ...) __attribute__((format(printf, 4, 5)));

#define log_debug(ctx, event, ...) log_event(LOG_LEVEL_DEBUG, ctx, event, __VA_ARGS__)
#define log_info(ctx, event, ...)  log_event(LOG_LEVEL_INFO, ctx, event, __VA_ARGS__)
#define log_warn(ctx, event, ...)  log_event(LOG_LEVEL_WARN, ctx, event, __VA_ARGS__)
#define log_error(ctx, event, ...) log_event(LOG_LEVEL_ERROR, ctx, event, __VA_ARGS__)

#endif
