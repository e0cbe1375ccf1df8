#include "breaker.h"

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms)
{
    if (!breaker->open)
        return BREAKER_CLOSED;
    return now_ms < breaker->open_until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {"closed", "open", "half_open"};

    return names[state];
}

bool breaker_allows(struct breaker *breaker, int64_t now_ms)
{
    switch (breaker_state(breaker, now_ms)) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        return false;
    case BREAKER_HALF_OPEN:
        break;
    }
    if (breaker->probing)
        return false;
    breaker->probing = true;
    return true;
}

void breaker_forget(struct breaker *breaker)
{
    breaker->probing = false;
}

static void open_up(struct breaker *breaker, int64_t now_ms)
{
    int64_t pause = breaker->pause_ms ? breaker->pause_ms * 2 : BREAKER_FIRST_PAUSE_MS;

    if (pause > BREAKER_LONGEST_PAUSE_MS)
        pause = BREAKER_LONGEST_PAUSE_MS;
    breaker->pause_ms = pause;
    breaker->open = true;
    breaker->open_until_ms = now_ms + pause;
}

static bool too_many_failed(const struct breaker *breaker, int64_t now_ms)
{
    size_t seen = 0;
    size_t failed = 0;

    for (size_t i = 0; i < breaker->n; i++) {
        if (now_ms - breaker->sample[i].at_ms > BREAKER_WINDOW_MS)
            continue;
        seen++;
        failed += !breaker->sample[i].ok;
    }
    return seen >= BREAKER_LEAST && failed * 2 >= seen;
}

void breaker_record(struct breaker *breaker, bool ok, int64_t now_ms)
{
    bool was_probe = breaker->open && breaker->probing;

    breaker->probing = false;
    if (breaker->open && !was_probe)
        return; /* a call from before the opening: its outcome is old news */
    if (breaker->open && ok) {
        *breaker = (struct breaker){0};
        return;
    }
    if (breaker->open) {
        open_up(breaker, now_ms);
        return;
    }
    breaker->sample[breaker->next].at_ms = now_ms;
    breaker->sample[breaker->next].ok = ok;
    breaker->next = (breaker->next + 1) % BREAKER_SAMPLES;
    if (breaker->n < BREAKER_SAMPLES)
        breaker->n++;
    if (!ok && too_many_failed(breaker, now_ms))
        open_up(breaker, now_ms);
}
