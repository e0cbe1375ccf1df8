/*
 * bus: wake-ups and live events between threads. Losing it loses no job: the store is the truth.
 *
 * Threads: every function from any thread. A subscriber's function is called on the publisher's
 * thread and must be short; it must not call the bus.
 */
#ifndef VDO_BUS_BUS_H
#define VDO_BUS_BUS_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;

/* url: "memory". "redis://" is refused: not built yet, and the error says so. */
int bus_open(const char *url, struct bus **out, struct err *err);
void bus_close(struct bus *bus);

enum bus_bell { BUS_INBOX, BUS_JOBS, BUS_OUTBOX, BUS_BELLS };
/* Wake everybody who waits for the bell. */
void bus_ring(struct bus *bus, enum bus_bell bell);
/*
 * Wait until the bell has been rung since *seen (start with 0), or timeout_ms. *seen is brought up
 * to date. True when it was rung. bus_stop() ends all waiting.
 */
bool bus_wait(struct bus *bus, enum bus_bell bell, uint64_t *seen, int64_t timeout_ms);
/* From now on bus_wait() returns false at once. */
void bus_stop(struct bus *bus);

/* A live event for the status page: type "job_update" or "log", data one JSON text. Gets a growing
 * id, also over restarts of the program. */
void bus_publish(struct bus *bus, const char *type, const char *job_id, const char *data);
struct bus_event {
    uint64_t id;
    const char *type;
    const char *job_id;
    const char *data;
};
typedef void (*bus_event_fn)(void *arg, const struct bus_event *event);
/*
 * after_id: events still remembered (the last 1,024) with a greater id are given first; UINT64_MAX:
 * only what comes from now on. Every subscriber gets events in the order of their ids, one at a
 * time. Returns a handle (0 or greater) for
 * bus_unsubscribe(), or VDO_E_TOO_LARGE past 1,024 subscribers.
 */
int bus_subscribe(struct bus *bus, uint64_t after_id, bus_event_fn fn, void *arg);
/* When it returns, fn is not running and will not be called again. Not from within fn. */
void bus_unsubscribe(struct bus *bus, int handle);

#endif
