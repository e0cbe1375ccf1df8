#include "vdo/base/clock.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_now_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_REALTIME);
}

static int64_t real_mono_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_MONOTONIC);
}

const struct clock *clock_real(void)
{
    static const struct clock real = {.now_ms = real_now_ms, .mono_ms = real_mono_ms};

    return &real;
}

static int64_t fake_ms(const struct clock *clock)
{
    const struct clock_fake *fake = (const void *)clock;

    return atomic_load(&fake->ms);
}

void clock_fake_init(struct clock_fake *fake, int64_t ms)
{
    fake->clock.now_ms = fake_ms;
    fake->clock.mono_ms = fake_ms;
    atomic_init(&fake->ms, ms);
}

void clock_fake_advance(struct clock_fake *fake, int64_t ms)
{
    (void)atomic_fetch_add(&fake->ms, ms);
}

int64_t clock_now_ms(const struct clock *clock)
{
    return clock->now_ms(clock);
}

int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock);
}

char *clock_rfc3339(int64_t now_ms, char *buf, size_t size)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(buf, size, "1970-01-01T00:00:00Z");
    return buf;
}

/* Exactly n digits as a number, or -1. */
static int digits(const char *text, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "2026-11-21T08:00:00" at the start of text; false unless each part is in its range. */
static bool parse_date_time(const char *text, struct tm *out)
{
    static const char shape[] = "0000-00-00T00:00:00";
    struct tm tm = {0};
    struct tm back;
    time_t seconds;

    for (size_t i = 0; shape[i]; i++) {
        bool same = shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' :
                    shape[i] == 'T' ? text[i] == 'T' || text[i] == 't' :
                                      text[i] == shape[i];

        if (!same)
            return false;
    }
    tm.tm_year = digits(text, 4) - 1900;
    tm.tm_mon = digits(text + 5, 2) - 1;
    tm.tm_mday = digits(text + 8, 2);
    tm.tm_hour = digits(text + 11, 2);
    tm.tm_min = digits(text + 14, 2);
    tm.tm_sec = digits(text + 17, 2);
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    *out = tm;
    seconds = timegm(&tm);
    /* 30 February would have become 2 March */
    return gmtime_r(&seconds, &back) && (out->tm_sec == 60 || back.tm_mday == out->tm_mday) &&
           out->tm_mon >= 0 && out->tm_mon < 12 && out->tm_mday > 0;
}

/* "Z" or "+02:00" up to the end of the text. */
static bool parse_offset(const char *text, int64_t *out_s)
{
    int hours;
    int minutes;

    if (text[0] == 'Z' || text[0] == 'z') {
        *out_s = 0;
        return text[1] == '\0';
    }
    if (text[0] != '+' && text[0] != '-')
        return false;
    hours = digits(text + 1, 2);
    if (hours < 0 || hours > 23 || text[3] != ':')
        return false;
    minutes = digits(text + 4, 2);
    if (minutes < 0 || minutes > 59 || text[6])
        return false;
    *out_s = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * (text[0] == '-' ? -1 : 1);
    return true;
}

int clock_parse_rfc3339(const char *text, int64_t *out_ms)
{
    struct tm tm;
    const char *rest;
    int64_t offset_s;
    int64_t ms = 0;

    if (!parse_date_time(text, &tm))
        return VDO_E_INVALID;
    rest = text + strlen("0000-00-00T00:00:00");
    if (*rest == '.') {
        int64_t worth = 100;

        if (digits(++rest, 1) < 0)
            return VDO_E_INVALID;
        for (; *rest >= '0' && *rest <= '9'; rest++, worth /= 10)
            ms += (*rest - '0') * worth;
    }
    if (!parse_offset(rest, &offset_s))
        return VDO_E_INVALID;
    *out_ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + ms;
    return VDO_OK;
}
