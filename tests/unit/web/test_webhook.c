/* The webhook route over real HTTP and a real store: what is refused, in which order, and when 202
 * is said. */
#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#define JSON  "Content-Type: application/json\r\n"
#define EVENT "X-GitHub-Event: issues\r\n"
#define GUID  "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\n"
#define ALL   JSON EVENT GUID
#define BODY  "{\"action\":\"opened\"}"

static char *deliver(const char *headers, const char *body)
{
    AUTO_FREE char *signature = sign(SECRET, body);
    AUTO_FREE char *all = xasprintf("%s%s", signature, headers);

    return ask("POST", "/webhook", all, body);
}

static void assert_answer(const char *answer, int status, const char *body)
{
    if (status_of(answer) != status || !strstr(body_of(answer), body))
        fail_msg("instead of %d %s:\n%s", status, body, answer);
}

/* ---- who cannot sign learns nothing ---- */

static void only_post_on_its_path_is_heard(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        int status;
    } rows[] = {
        {"POST", "/webhooks", 404}, {"POST", "/webhook/", 404}, {"POST", "/WEBHOOK", 404},
        {"GET", "/webhook", 405},   {"PUT", "/webhook", 405},   {"DELETE", "/webhook", 405},
        {"HEAD", "/webhook", 405},  {"PATCH", "/webhook", 405},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *answer = ask(rows[i].method, rows[i].path, "", "");

        assert_answer(answer, rows[i].status, "");
        if (rows[i].status == 405)
            assert_non_null(strstr(answer, "Allow: POST"));
    }
}

static void bodies_over_the_cap_are_refused_before_all_else(void **state)
{
    static const char *const lengths[] = {"26214401", "99999999999"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *request = xasprintf(
            "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", lengths[i]);
        AUTO_FREE char *answer = raw_exchange(web_url(web), request);

        assert_answer(answer, 413, "error");
    }
    assert_int_equal(count_deliveries(), 0);
}

static void every_bad_signature_gets_the_same_answer(void **state)
{
    AUTO_FREE char *good = sign(SECRET, BODY);
    AUTO_FREE char *other = sign("a secret that is not ours", BODY);
    AUTO_FREE char *of_other = sign(SECRET, BODY " ");
    AUTO_FREE char *twice = xasprintf("%s%s", good, good);
    AUTO_FREE char *both = xasprintf("%s%s", other, good);
    AUTO_FREE char *upper = xstrdup(good);
    AUTO_FREE char *longer = xasprintf("%.*s0\r\n", (int)strlen(good) - 2, good);
    AUTO_FREE char *shorter = xasprintf("%.*s\r\n", (int)strlen(good) - 3, good);
    AUTO_FREE char *list = xasprintf("%.*s, x\r\n", (int)strlen(good) - 2, good);
    AUTO_FREE char *bare = xasprintf("X-Hub-Signature-256: %s", strchr(good, '=') + 1);
    AUTO_FREE char *old_name = xasprintf("X-Hub-Signature: %s", strchr(good, ':') + 2);
    AUTO_FREE char *first = NULL;
    const char *headers[] = {
        "",
        "X-Hub-Signature: sha1=0000000000000000000000000000000000000000\r\n",
        "X-Hub-Signature-256: \r\n",
        "X-Hub-Signature-256: sha256=\r\n",
        "X-Hub-Signature-256: sha256=zz\r\n",
        other,
        of_other,
        twice,
        both,
        upper,
        longer,
        shorter,
        list,
        bare,
        old_name,
    };

    (void)state;
    for (char *c = strchr(upper, '=') + 1; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 'a' + 'A' : *c);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        /* Whatever else is wrong, the signature comes first. */
        static const char *const rest[] = {ALL, "", JSON, ("Content-Type: text/plain\r\n" EVENT)};
        AUTO_FREE char *all = xasprintf("%s%s", headers[i], rest[i % 4]);
        AUTO_FREE char *answer = ask("POST", "/webhook", all, BODY);

        assert_answer(answer, 401, "");
        if (!first)
            first = xstrdup(body_of(answer));
        assert_string_equal(body_of(answer), first);
    }
    assert_int_equal(count_deliveries(), 0);
}

/* ---- signed, but not as it should be ---- */

static void other_content_types_are_refused(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
        {"", 415},
        {"Content-Type: application/jsonx\r\n", 415},
        {"Content-Type: text/json\r\n", 415},
        {JSON JSON, 415},
        {JSON "Content-Encoding: gzip\r\n", 415},
        {JSON "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", 415},
        {JSON "Content-Encoding: identity\r\n", 202},
        {"Content-Type: application/json; charset=utf-8\r\n", 202},
        {"content-type: APPLICATION/JSON\r\n", 202},
    };
    size_t stored = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* Without the other headers it is 415 as well: the order holds. */
        AUTO_FREE char *headers =
            rows[i].status == 202 ?
                xasprintf("%s" EVENT "X-GitHub-Delivery: guid-%08zu\r\n", rows[i].headers, i) :
                xstrdup(rows[i].headers);
        AUTO_FREE char *body = xasprintf("{\"n\":%zu}", i);
        AUTO_FREE char *answer = deliver(headers, body);

        assert_answer(answer, rows[i].status, rows[i].status == 202 ? "accepted" : "json");
        stored += rows[i].status == 202;
    }
    assert_int_equal(count_deliveries(), stored);
}

static void headers_that_are_missing_or_malformed_are_refused(void **state)
{
    static const char *const headers[] = {
        JSON,
        JSON EVENT,
        JSON GUID,
        JSON EVENT "X-GitHub-Delivery: 1234567\r\n",
        JSON EVENT "X-GitHub-Delivery: "
                   "01234567890123456789012345678901234567890123456789012345678901234\r\n",
        JSON EVENT "X-GitHub-Delivery: guid with blanks\r\n",
        JSON EVENT "X-GitHub-Delivery: guid-\xc3\xa4-0123\r\n",
        JSON EVENT "X-GitHub-Delivery: ../../../etc/passwd\r\n",
        JSON EVENT "X-GitHub-Delivery: <b>12345678</b>\r\n",
        JSON GUID "X-GitHub-Event: \r\n",
        JSON GUID "X-GitHub-Event: issues;drop\r\n",
        JSON GUID "X-GitHub-Event: "
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        ALL GUID,
        ALL EVENT,
        ALL "X-GitHub-Event: push\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        AUTO_FREE char *answer = deliver(headers[i], BODY);

        assert_answer(answer, 400, "X-GitHub-Delivery");
    }
    assert_int_equal(count_deliveries(), 0);
}

/* ---- accepted ---- */

static struct delivery get(const char *guid)
{
    struct delivery delivery = {0};

    MUST(store_delivery_get(store, guid, &delivery, &err));
    return delivery;
}

static void a_delivery_is_kept_as_it_came(void **state)
{
    static const char *const bodies[] = {
        BODY, "{\"t\":\"\xf0\x9f\x90\x9b emoji\"}", "not JSON", "\xff\xfe", "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        AUTO_FREE char *guid = xasprintf("guid-%08zu", i);
        AUTO_FREE char *headers = xasprintf(JSON EVENT "X-GitHub-Delivery: %s\r\n", guid);
        AUTO_FREE char *answer = deliver(headers, bodies[i]);
        struct delivery delivery;
        char hash[SHA256_HEX_SIZE];

        assert_answer(answer, 202, "{\"accepted\":true}");
        delivery = get(guid);
        sha256_hex(bodies[i], strlen(bodies[i]), hash);
        assert_string_equal(delivery.sha256, hash);
        assert_int_equal(delivery.body_len, strlen(bodies[i]));
        assert_memory_equal(delivery.body, bodies[i], strlen(bodies[i]));
        assert_string_equal(delivery.event, "issues");
        assert_int_equal(delivery.state, DELIVERY_PENDING);
        delivery_release(&delivery);
    }
}

static void the_previous_secret_serves_as_well(void **state)
{
    AUTO_FREE char *signature = sign(OLD_SECRET, BODY);
    AUTO_FREE char *headers = xasprintf("%s" ALL, signature);
    AUTO_FREE char *answer = ask("POST", "/webhook", headers, BODY);

    (void)state;
    assert_answer(answer, 202, "accepted");
}

static void what_was_there_already_is_a_duplicate(void **state)
{
    AUTO_FREE char *first = deliver(ALL, BODY);
    AUTO_FREE char *again = deliver(ALL, BODY);
    AUTO_FREE char *replayed = deliver(JSON EVENT "X-GitHub-Delivery: another-guid\r\n", BODY);
    AUTO_FREE char *other =
        deliver(JSON "X-GitHub-Event: push\r\nX-GitHub-Delivery: third-guid\r\n", BODY);

    (void)state;
    assert_answer(first, 202, "{\"accepted\":true}");
    assert_answer(again, 202, "{\"duplicate\":true}");
    assert_answer(replayed, 202, "{\"duplicate\":true}");
    assert_answer(other, 202, "{\"accepted\":true}");
}

static void an_event_that_nothing_comes_of_is_kept_and_said_to_be_ignored(void **state)
{
    static const char headers[] =
        JSON "X-GitHub-Event: gollum\r\nX-GitHub-Delivery: guid-gollum\r\n";
    AUTO_FREE char *answer = deliver(headers, BODY);
    AUTO_FREE char *again = deliver(headers, BODY);

    (void)state;
    assert_answer(answer, 202, "{\"ignored\":\"nothing is done on this event\"}");
    assert_answer(again, 202, "{\"duplicate\":true}");
    assert_int_equal(count_deliveries(), 1);
}

static void a_ping_is_answered_with_200(void **state)
{
    AUTO_FREE char *answer = deliver(JSON "X-GitHub-Event: ping\r\n" GUID, "{\"zen\":\"x\"}");

    (void)state;
    assert_answer(answer, 200, "accepted");
    assert_int_equal(count_deliveries(), 1);
}

static void *deliver_same(void *arg)
{
    AUTO_FREE char *answer = deliver(ALL, BODY);

    (void)arg;
    return (void *)(intptr_t)status_of(answer);
}

static void many_at_once_make_one_row(void **state)
{
    enum { MANY = 16 };

    pthread_t threads[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, deliver_same, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        void *status;

        (void)pthread_join(threads[i], &status);
        assert_int_equal((int)(intptr_t)status, 202);
    }
    assert_int_equal(count_deliveries(), 1);
}

static void outcomes_are_counted(void **state)
{
    AUTO_FREE char *good = deliver(ALL, BODY);
    AUTO_FREE char *again = deliver(ALL, BODY);
    AUTO_FREE char *bad = ask("POST", "/webhook", ALL, BODY);
    AUTO_FREE char *other = deliver("", BODY);
    AUTO_FREE char *metrics = ask("GET", "/metrics", "", "");

    (void)state;
    assert_int_equal(status_of(good), 202);
    assert_int_equal(status_of(again), 202);
    assert_int_equal(status_of(bad), 401);
    assert_int_equal(status_of(other), 415);
    assert_non_null(strstr(metrics, "outcome=\"accepted\"} 1\n"));
    assert_non_null(strstr(metrics, "outcome=\"duplicate\"} 1\n"));
    assert_non_null(strstr(metrics, "outcome=\"rejected_signature\"} 1\n"));
    assert_non_null(strstr(metrics, "outcome=\"rejected_other\"} 1\n"));
}

/* ---- nothing is said before it is on the disk ---- */

static sqlite3 *hold_the_file(void)
{
    AUTO_FREE char *path = xasprintf("%s/vdo.db", dir);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void let_go(sqlite3 *db)
{
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    (void)sqlite3_close(db);
}

/* Send a delivery and leave the answer to the caller. */
static int start_delivery(void)
{
    AUTO_FREE char *signature = sign(SECRET, BODY);
    AUTO_FREE char *request = xasprintf(
        "POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n"
        "%s" ALL "\r\n" BODY,
        strlen(BODY), signature);
    int fd = raw_connect(web_url(web));

    assert_true(fd >= 0);
    stub_send(fd, request);
    return fd;
}

static void no_answer_comes_before_the_commit(void **state)
{
    sqlite3 *db = hold_the_file();
    int fd = start_delivery();
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    AUTO_FREE char *answer = NULL;

    (void)state;
    assert_int_equal(poll(&pfd, 1, 300), 0);
    let_go(db);
    answer = raw_read_all(fd);
    assert_answer(answer, 202, "accepted");
    assert_int_equal(count_deliveries(), 1);
    (void)close(fd);
}

static void a_store_that_cannot_write_answers_503(void **state)
{
    struct rlimit before;
    struct rlimit none;
    AUTO_FREE char *answer = NULL;
    AUTO_FREE char *after = NULL;

    (void)state;
    /* Every write to a file fails, as on a full disk. */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    answer = deliver(ALL, BODY);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_answer(answer, 503, "could not be stored");
    assert_non_null(strstr(answer, "\r\nRetry-After: 10\r\n"));
    assert_int_equal(count_deliveries(), 0);
    after = deliver(ALL, BODY);
    assert_answer(after, 202, "accepted");
}

/* The store answers when the web is long gone, and takes what was its. */
static void a_stop_does_not_wait_for_the_store(void **state)
{
    sqlite3 *db = hold_the_file();
    int fd = start_delivery();
    AUTO_FREE char *answer = NULL;
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    (void)state;
    assert_int_equal(poll(&pfd, 1, 200), 0); /* it is with the store by now */
    web_stop(web, 0);
    web = NULL;
    answer = raw_read_all(fd);
    assert_true(!*answer || status_of(answer) == 503);
    let_go(db);
    jobs_free(jobs);
    jobs = NULL;
    assert_int_equal(count_deliveries(), 1);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WEB(only_post_on_its_path_is_heard),
        ON_WEB(bodies_over_the_cap_are_refused_before_all_else),
        ON_WEB(every_bad_signature_gets_the_same_answer),
        ON_WEB(other_content_types_are_refused),
        ON_WEB(headers_that_are_missing_or_malformed_are_refused),
        ON_WEB(a_delivery_is_kept_as_it_came),
        ON_WEB(the_previous_secret_serves_as_well),
        ON_WEB(what_was_there_already_is_a_duplicate),
        ON_WEB(an_event_that_nothing_comes_of_is_kept_and_said_to_be_ignored),
        ON_WEB(a_ping_is_answered_with_200),
        ON_WEB(many_at_once_make_one_row),
        ON_WEB(outcomes_are_counted),
        ON_WEB(no_answer_comes_before_the_commit),
        ON_WEB(a_store_that_cannot_write_answers_503),
        ON_WEB(a_stop_does_not_wait_for_the_store),
    };

    http_client_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
