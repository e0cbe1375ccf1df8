#include "vdo/base/log.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level least_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_TEXT;

void log_setup(enum log_level least, enum log_format format)
{
    least_level = least;
    line_format = format;
}

bool log_enabled(enum log_level level)
{
    return level >= least_level;
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return names[level];
}

/* The inside of a JSON string. Bytes over 0x7f pass: redacted text is what was given, and the
 * reader of a log tolerates them better than escapes. */
static void add_escaped(struct strbuf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            (void)strbuf_addf(line, "\\%c", c);
        else if (c == '\n')
            (void)strbuf_adds(line, "\\n");
        else if (c < 0x20 || c == 0x7f)
            (void)strbuf_addf(line, "\\u%04x", c);
        else
            (void)strbuf_addc(line, (char)c);
    }
}

static void add_field(struct strbuf *line, const char *name, const char *value)
{
    bool plain;

    if (!value)
        return;
    if (line_format == LOG_FORMAT_JSON) {
        (void)strbuf_addf(line, ",\"%s\":\"", name);
        add_escaped(line, value);
        (void)strbuf_addc(line, '"');
        return;
    }
    plain = *value && strcspn(value, " \"\\=\n\t") == strlen(value);
    (void)strbuf_addf(line, plain ? " %s=" : " %s=\"", name);
    add_escaped(line, value);
    if (!plain)
        (void)strbuf_addc(line, '"');
}

static void write_line(const struct strbuf *line)
{
    size_t at = 0;

    while (at < line->len) {
        ssize_t n = write(STDERR_FILENO, line->ptr + at, line->len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}

void log_event(enum log_level level, const struct log_ctx *ctx, const char *event, const char *fmt,
               ...)
{
    static const struct log_ctx none = {0};
    int saved_errno = errno;
    int64_t now = clock_now_ms(clock_real());
    char stamp[CLOCK_RFC3339_SIZE];
    char time_text[CLOCK_RFC3339_SIZE + 8];
    AUTO_STRBUF raw = {0};
    AUTO_STRBUF message = {0};
    AUTO_STRBUF line = {0};
    va_list ap;

    if (!log_enabled(level))
        return;
    if (!ctx)
        ctx = &none;
    strbuf_init(&raw, VDO_MAX_LOG_LINE);
    va_start(ap, fmt);
    if (strbuf_vaddf(&raw, fmt, ap))
        (void)snprintf(raw.ptr, raw.cap, "(message over %lu bytes)", VDO_MAX_LOG_LINE);
    va_end(ap);
    strbuf_init(&message, VDO_MAX_LOG_LINE * 2);
    redact_text(raw.ptr, strlen(raw.ptr), &message);

    (void)clock_rfc3339(now, stamp, sizeof(stamp));
    stamp[strlen(stamp) - 1] = '\0';
    (void)snprintf(time_text, sizeof(time_text), "%s.%03dZ", stamp, (int)(now % 1000));
    strbuf_init(&line, VDO_MAX_LOG_LINE * 16);
    if (line_format == LOG_FORMAT_JSON)
        (void)strbuf_addf(&line, "{\"t\":\"%s\"", time_text);
    else
        (void)strbuf_adds(&line, time_text);
    add_field(&line, "level", level_name(level));
    add_field(&line, "event", event);
    add_field(&line, "delivery", ctx->delivery);
    add_field(&line, "job", ctx->job);
    add_field(&line, "step", ctx->step);
    add_field(&line, "msg", message.ptr);
    (void)strbuf_adds(&line, line_format == LOG_FORMAT_JSON ? "}\n" : "\n");
    write_line(&line);
    errno = saved_errno;
}
