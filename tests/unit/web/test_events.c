/* Live events over real HTTP: what a browser gets, and what comes and goes at the same time. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static int connect_to(const char *target, const char *headers)
{
    AUTO_FREE char *request = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, headers);
    int fd = raw_connect(web_url(web));

    assert_true(fd >= 0);
    stub_send(fd, request);
    return fd;
}

/* Follow from now on: when the first line has come, nothing is missed any more. */
static int follow(const char *target)
{
    int fd = connect_to(target, "");
    AUTO_FREE char *begin = raw_read_until(fd, "retry: 3000\n\n");

    assert_non_null(begin);
    assert_non_null(strstr(begin, "200 OK"));
    assert_non_null(strstr(begin, "text/event-stream"));
    return fd;
}

/* How many browsers the metrics know of. */
static int followers(void)
{
    AUTO_FREE char *metrics = ask("GET", "/metrics", "", "");
    const char *at = strstr(metrics, "\nvdo_live_streams ");

    return at ? atoi(at + 18) : -1;
}

static bool nobody_follows(void *arg)
{
    (void)arg;
    return followers() == 0;
}

static void a_follower_gets_what_happens_from_now_on(void **state)
{
    AUTO_FREE char *first = NULL;
    AUTO_FREE char *second = NULL;
    int fd;

    (void)state;
    bus_publish(bus, "job_update", "j0", "{\"n\":0}");
    fd = follow("/events");
    bus_publish(bus, "job_update", "j1", "{\"n\":1}");
    first = raw_read_until(fd, "{\"n\":1}\n\n");
    assert_non_null(first);
    assert_non_null(strstr(first, "event: job_update\ndata: {\"n\":1}\n\n"));
    assert_non_null(strstr(first, "id: "));
    assert_null(strstr(first, "{\"n\":0}"));
    bus_publish(bus, "log", "j2", "{\"n\":2}");
    second = raw_read_until(fd, "{\"n\":2}\n\n");
    assert_non_null(second);
    assert_non_null(strstr(second, "event: log\n"));
    (void)close(fd);
}

static void a_browser_that_comes_back_misses_nothing(void **state)
{
    AUTO_FREE char *first = NULL;
    AUTO_FREE char *rest = NULL;
    AUTO_FREE char *header = NULL;
    const char *id;
    int fd = follow("/events");

    (void)state;
    bus_publish(bus, "log", "j", "{\"n\":1}");
    first = raw_read_until(fd, "{\"n\":1}\n\n");
    assert_non_null(first);
    id = strstr(first, "id: ");
    assert_non_null(id);
    header = xasprintf("Last-Event-ID: %.*s\r\n", (int)strcspn(id + 4, "\n"), id + 4);
    (void)close(fd);
    bus_publish(bus, "log", "j", "{\"n\":2}");
    bus_publish(bus, "log", "j", "{\"n\":3}");
    fd = connect_to("/events", header);
    rest = raw_read_until(fd, "{\"n\":3}\n\n");
    assert_non_null(rest);
    assert_non_null(strstr(rest, "{\"n\":2}\n\n"));
    assert_null(strstr(rest, "{\"n\":1}"));
    (void)close(fd);
}

static void a_follower_of_one_job_gets_only_that(void **state)
{
    AUTO_FREE char *text = NULL;
    int fd = follow("/events?job=j2");

    (void)state;
    bus_publish(bus, "log", "j1", "{\"n\":1}");
    bus_publish(bus, "log", "j2", "{\"n\":2}");
    text = raw_read_until(fd, "{\"n\":2}\n\n");
    assert_non_null(text);
    assert_null(strstr(text, "{\"n\":1}"));
    (void)close(fd);
}

static void what_is_no_id_gives_all_that_is_remembered(void **state)
{
    AUTO_FREE char *text = NULL;
    int fd;

    (void)state;
    bus_publish(bus, "log", "j", "{\"n\":1}");
    fd = connect_to("/events", "Last-Event-ID: nonsense\r\n");
    text = raw_read_until(fd, "{\"n\":1}\n\n");
    assert_non_null(text);
    (void)close(fd);
}

static void followers_that_leave_are_forgotten(void **state)
{
    int fd[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        fd[i] = follow("/events");
    assert_int_equal(followers(), 8);
    for (int i = 0; i < 8; i++)
        (void)close(fd[i]);
    assert_true(wait_until(nobody_follows, NULL));
    bus_publish(bus, "log", "j", "{}");
}

static void more_than_256_followers_are_asked_to_wait(void **state)
{
    int fd[256];
    AUTO_FREE char *refused = NULL;
    AUTO_FREE char *health = NULL;

    (void)state;
    for (int i = 0; i < 256; i++)
        fd[i] = follow("/events");
    refused = ask("GET", "/events", "", "");
    assert_int_equal(status_of(refused), 503);
    assert_int_equal(followers(), 256);
    health = ask("GET", "/healthz", "", "");
    assert_int_equal(status_of(health), 200);
    for (int i = 0; i < 256; i++)
        (void)close(fd[i]);
    assert_true(wait_until(nobody_follows, NULL));
    fd[0] = follow("/events");
    (void)close(fd[0]);
}

static void a_stop_ends_the_streams(void **state)
{
    int fd = follow("/events");

    (void)state;
    web_stop(web, 1000);
    web = NULL;
    assert_true(raw_is_closed(fd, STUB_WAIT_MS));
    bus_publish(bus, "log", "j", "{}");
    (void)close(fd);
}

/* ---- all at once ---- */

enum { PUBLISHERS = 3, BROWSERS = 4, ROUNDS = 40 };

static atomic_bool enough;

static void *publish(void *arg)
{
    (void)arg;
    while (!atomic_load(&enough))
        bus_publish(bus, "log", "j", "{\"text\":\"a line of a log\"}");
    return NULL;
}

static void *come_and_go(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        int fd = connect_to("/events", i % 2 ? "Last-Event-ID: 1\r\n" : "");
        AUTO_FREE char *text = raw_read_until(fd, "data: ");

        if (!text)
            (void)fprintf(stderr, "a follower got nothing\n");
        (void)close(fd);
    }
    return NULL;
}

static void browsers_come_and_go_while_much_happens(void **state)
{
    pthread_t publisher[PUBLISHERS];
    pthread_t browser[BROWSERS];

    (void)state;
    atomic_store(&enough, false);
    for (int i = 0; i < PUBLISHERS; i++)
        assert_int_equal(pthread_create(&publisher[i], NULL, publish, NULL), 0);
    for (int i = 0; i < BROWSERS; i++)
        assert_int_equal(pthread_create(&browser[i], NULL, come_and_go, NULL), 0);
    for (int i = 0; i < BROWSERS; i++)
        (void)pthread_join(browser[i], NULL);
    /* And one that does not read is let go. */
    {
        int fd = follow("/events");

        assert_true(wait_until(nobody_follows, NULL));
        (void)close(fd);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(publisher[i], NULL);
    assert_true(wait_until(nobody_follows, NULL));
}

static void a_stop_while_much_happens_is_clean(void **state)
{
    pthread_t publisher[PUBLISHERS];
    int fd[BROWSERS];

    (void)state;
    atomic_store(&enough, false);
    for (int i = 0; i < PUBLISHERS; i++)
        assert_int_equal(pthread_create(&publisher[i], NULL, publish, NULL), 0);
    for (int i = 0; i < BROWSERS; i++)
        fd[i] = follow("/events");
    web_stop(web, 100);
    web = NULL;
    atomic_store(&enough, true);
    for (int i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(publisher[i], NULL);
    for (int i = 0; i < BROWSERS; i++)
        (void)close(fd[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WEB(a_follower_gets_what_happens_from_now_on),
        ON_WEB(a_browser_that_comes_back_misses_nothing),
        ON_WEB(a_follower_of_one_job_gets_only_that),
        ON_WEB(what_is_no_id_gives_all_that_is_remembered),
        ON_WEB(followers_that_leave_are_forgotten),
        ON_WEB(more_than_256_followers_are_asked_to_wait),
        ON_WEB(a_stop_ends_the_streams),
        ON_WEB(browsers_come_and_go_while_much_happens),
        ON_WEB(a_stop_while_much_happens_is_clean),
    };

    http_client_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
