#include "vdo/base/clock.h"

#include "vdo/base/err.h"

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

int clock_parse_rfc3339(const char *text, int64_t *out_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t offset_s = 0;
    int hours;
    int minutes;

    if (!rest)
        return VDO_E_INVALID;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (*rest == '+' || *rest == '-') {
        char sign = *rest;

        // NOLINTNEXTLINE(cert-err34-c): two digits each, checked by the count
        if (sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
            return VDO_E_INVALID;
        offset_s = (int64_t)hours * 3600 + (int64_t)minutes * 60;
        if (sign == '-')
            offset_s = -offset_s;
    } else if (*rest != 'Z' && *rest != 'z') {
        return VDO_E_INVALID;
    }
    *out_ms = ((int64_t)timegm(&tm) - offset_s) * 1000;
    return VDO_OK;
}
