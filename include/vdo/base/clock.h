/*
 * clock: the only way to learn the time, so that tests can pretend it.
 *
 * Logic takes a `const struct clock *`; nothing else calls time(), clock_gettime() or sleeps.
 * Threads: clock_real() from any; a fake clock may be read and advanced from any.
 */
#ifndef VDO_BASE_CLOCK_H
#define VDO_BASE_CLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*now_ms)(const struct clock *clock);  /* since the epoch, UTC */
    int64_t (*mono_ms)(const struct clock *clock); /* monotonic, for durations and deadlines */
};

const struct clock *clock_real(void);

struct clock_fake {
    struct clock clock; /* pass &fake.clock */
    _Atomic int64_t ms; /* what both functions answer */
};

void clock_fake_init(struct clock_fake *fake, int64_t ms);
void clock_fake_advance(struct clock_fake *fake, int64_t ms);

int64_t clock_now_ms(const struct clock *clock);
int64_t clock_mono_ms(const struct clock *clock);

/* "2026-11-21T08:00:00Z" (RFC 3339, UTC, whole seconds). buf of at least 21 bytes. Returns buf. */
enum { CLOCK_RFC3339_SIZE = 32 };
char *clock_rfc3339(int64_t now_ms, char *buf, size_t size);
/* The inverse, for what others send; fractional seconds and offsets are understood. Returns 0 or
 * VDO_E_INVALID with out_ms untouched. */
int clock_parse_rfc3339(const char *text, int64_t *out_ms);

#endif
