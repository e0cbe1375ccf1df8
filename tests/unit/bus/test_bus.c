#include "vdo/bus/bus.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 20000 };

static struct bus *open_bus(void)
{
    struct err err = {0};
    struct bus *bus = NULL;

    assert_int_equal(bus_open("memory", &bus, &err), 0);
    return bus;
}

static void bus_open__refuses_what_is_not_built(void **state)
{
    static const char *const urls[] = {
        "redis://localhost:6379/0", "rediss://h", "", "memory:", "Memory", "kafka"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct err err = {0};
        struct bus *bus = NULL;

        assert_int_equal(bus_open(urls[i], &bus, &err), VDO_E_INVALID);
        assert_null(bus);
        assert_non_null(strstr(err.text, "use memory"));
    }
}

static void bus_close__takes_null(void **state)
{
    (void)state;
    bus_close(NULL);
}

/* ---- bells ---- */

static void bus_wait__sees_a_ring_that_came_before(void **state)
{
    struct bus *bus = open_bus();
    uint64_t seen = 0;

    (void)state;
    bus_ring(bus, BUS_JOBS);
    assert_true(bus_wait(bus, BUS_JOBS, &seen, LONG_MS));
    assert_false(bus_wait(bus, BUS_JOBS, &seen, 0));
    bus_close(bus);
}

static void bus_wait__does_not_hear_another_bell(void **state)
{
    struct bus *bus = open_bus();
    uint64_t seen = 0;

    (void)state;
    bus_ring(bus, BUS_INBOX);
    assert_false(bus_wait(bus, BUS_JOBS, &seen, 5));
    bus_close(bus);
}

static void bus_wait__hears_many_rings_as_one(void **state)
{
    struct bus *bus = open_bus();
    uint64_t seen = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        bus_ring(bus, BUS_OUTBOX);
    assert_true(bus_wait(bus, BUS_OUTBOX, &seen, LONG_MS));
    assert_false(bus_wait(bus, BUS_OUTBOX, &seen, 0));
    bus_close(bus);
}

struct waiter {
    struct bus *bus;
    bool rung;
};

static void *wait_for_jobs(void *arg)
{
    struct waiter *w = arg;
    uint64_t seen = 0;

    w->rung = bus_wait(w->bus, BUS_JOBS, &seen, LONG_MS);
    return NULL;
}

static void bus_ring__wakes_everybody(void **state)
{
    enum { N = 4 };
    struct bus *bus = open_bus();
    struct waiter waiters[N];
    pthread_t threads[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        waiters[i] = (struct waiter){.bus = bus};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_jobs, &waiters[i]), 0);
    }
    bus_ring(bus, BUS_JOBS);
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(waiters[i].rung);
    }
    bus_close(bus);
}

static void bus_stop__ends_all_waiting(void **state)
{
    struct bus *bus = open_bus();
    struct waiter waiter = {.bus = bus};
    pthread_t thread;
    uint64_t seen = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_jobs, &waiter), 0);
    bus_stop(bus);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(waiter.rung);
    bus_ring(bus, BUS_JOBS);
    assert_false(bus_wait(bus, BUS_JOBS, &seen, LONG_MS));
    bus_close(bus);
}

/* ---- events ---- */

struct heard {
    uint64_t last_id;
    size_t n;
    bool in_order;
    char text[256];
};

static void hear(void *arg, const struct bus_event *event)
{
    struct heard *h = arg;

    h->in_order = (h->n == 0 || h->in_order) && event->id > h->last_id;
    h->last_id = event->id;
    h->n++;
    (void)snprintf(h->text, sizeof(h->text), "%s %s %s", event->type, event->job_id, event->data);
}

static void bus_publish__reaches_every_subscriber(void **state)
{
    struct bus *bus = open_bus();
    struct heard a = {0};
    struct heard b = {0};

    (void)state;
    (void)bus_subscribe(bus, UINT64_MAX, hear, &a);
    (void)bus_subscribe(bus, UINT64_MAX, hear, &b);
    bus_publish(bus, "job_update", "j1", "{}");
    assert_string_equal(a.text, "job_update j1 {}");
    assert_string_equal(b.text, "job_update j1 {}");
    bus_close(bus);
}

static void bus_subscribe__gives_what_was_missed_first(void **state)
{
    struct bus *bus = open_bus();
    struct heard first = {0};
    struct heard second = {0};

    (void)state;
    (void)bus_subscribe(bus, 0, hear, &first);
    bus_publish(bus, "log", "j1", "1");
    uint64_t seen = first.last_id;
    bus_publish(bus, "log", "j1", "2");
    bus_publish(bus, "log", "j1", "3");
    (void)bus_subscribe(bus, seen, hear, &second);
    assert_int_equal(second.n, 2);
    assert_true(second.in_order);
    bus_close(bus);
}

static void bus_subscribe__remembers_the_last_1024(void **state)
{
    struct bus *bus = open_bus();
    struct heard h = {0};

    (void)state;
    for (int i = 0; i < 3000; i++)
        bus_publish(bus, "log", "j", "x");
    (void)bus_subscribe(bus, 0, hear, &h);
    assert_int_equal(h.n, 1024);
    assert_true(h.in_order);
    bus_close(bus);
}

static void bus_subscribe__with_a_future_id_still_hears_what_comes(void **state)
{
    struct bus *bus = open_bus();
    struct heard h = {0};

    (void)state;
    bus_publish(bus, "log", "j", "before");
    (void)bus_subscribe(bus, UINT64_MAX, hear, &h);
    assert_int_equal(h.n, 0);
    bus_publish(bus, "log", "j", "after");
    assert_string_equal(h.text, "log j after");
    bus_close(bus);
}

static void bus_unsubscribe__ends_the_calls(void **state)
{
    struct bus *bus = open_bus();
    struct heard h = {0};
    int handle = bus_subscribe(bus, 0, hear, &h);

    (void)state;
    bus_publish(bus, "log", "j", "1");
    bus_unsubscribe(bus, handle);
    bus_publish(bus, "log", "j", "2");
    assert_int_equal(h.n, 1);
    bus_unsubscribe(bus, -1);
    bus_unsubscribe(bus, 1 << 20);
    bus_close(bus);
}

static void bus_subscribe__refuses_past_its_maximum(void **state)
{
    struct bus *bus = open_bus();
    struct heard h = {0};

    (void)state;
    for (int i = 0; i < 1024; i++)
        assert_true(bus_subscribe(bus, 0, hear, &h) >= 0);
    assert_int_equal(bus_subscribe(bus, 0, hear, &h), VDO_E_TOO_LARGE);
    bus_close(bus);
}

struct publisher {
    struct bus *bus;
    atomic_int *gone;
};

enum { PUBLISHERS = 4, EACH = 2000 };

static void *publish_many(void *arg)
{
    struct publisher *p = arg;

    for (int i = 0; i < EACH; i++)
        bus_publish(p->bus, "log", "j", "x");
    atomic_fetch_add(p->gone, 1);
    return NULL;
}

static void bus_publish__keeps_the_order_with_many_publishers(void **state)
{
    struct bus *bus = open_bus();
    atomic_int gone = 0;
    struct publisher p = {.bus = bus, .gone = &gone};
    pthread_t threads[PUBLISHERS];
    struct heard h = {0};
    int handle = bus_subscribe(bus, UINT64_MAX, hear, &h);

    (void)state;
    for (int i = 0; i < PUBLISHERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_many, &p), 0);
    while (atomic_load(&gone) < PUBLISHERS) {
        struct heard brief = {0};

        bus_unsubscribe(bus, bus_subscribe(bus, 0, hear, &brief));
        assert_true(brief.n == 0 || brief.in_order);
    }
    for (int i = 0; i < PUBLISHERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    bus_unsubscribe(bus, handle);
    assert_true(h.in_order);
    assert_true(h.n > 0 && h.n <= (size_t)PUBLISHERS * EACH);
    bus_close(bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bus_open__refuses_what_is_not_built),
        cmocka_unit_test(bus_close__takes_null),
        cmocka_unit_test(bus_wait__sees_a_ring_that_came_before),
        cmocka_unit_test(bus_wait__does_not_hear_another_bell),
        cmocka_unit_test(bus_wait__hears_many_rings_as_one),
        cmocka_unit_test(bus_ring__wakes_everybody),
        cmocka_unit_test(bus_stop__ends_all_waiting),
        cmocka_unit_test(bus_publish__reaches_every_subscriber),
        cmocka_unit_test(bus_subscribe__gives_what_was_missed_first),
        cmocka_unit_test(bus_subscribe__remembers_the_last_1024),
        cmocka_unit_test(bus_subscribe__with_a_future_id_still_hears_what_comes),
        cmocka_unit_test(bus_unsubscribe__ends_the_calls),
        cmocka_unit_test(bus_subscribe__refuses_past_its_maximum),
        cmocka_unit_test(bus_publish__keeps_the_order_with_many_publishers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
