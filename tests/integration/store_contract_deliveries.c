#include "store_contract.h"

#include "vdo/base/rand.h"

static void delivery_add__keeps_every_byte(void **state)
{
    static const char bytes[] = "{\"a\":\"\0\xff\xfe\"}";
    char guid[] = "guid-1";
    char event[] = "issues";
    struct delivery d = {.guid = guid, .event = event, .received_at_ms = now()};
    struct delivery got = {0};
    AUTO_FREE char *body = xmemdup0(bytes, sizeof(bytes) - 1);
    enum delivery_add outcome = DELIVERY_SEEN;

    (void)state;
    d.body = body;
    d.body_len = sizeof(bytes) - 1;
    sha256_hex(body, d.body_len, d.sha256);
    assert_int_equal(add_delivery("other", "issues", "x", &outcome), 0);
    struct waiting w = {0};
    (void)sem_init(&w.done, 0, 0);
    MUST(store_delivery_add(store, &d, on_added, &w, &err));
    memset(body, 'x', d.body_len); /* the store has its own copy */
    while (sem_wait(&w.done))
        continue;
    MUST(store_delivery_get(store, "guid-1", &got, &err));
    assert_int_equal(got.body_len, sizeof(bytes) - 1);
    assert_memory_equal(got.body, bytes, got.body_len);
    assert_string_equal(got.sha256, d.sha256);
    assert_string_equal(got.event, "issues");
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(got.received_at_ms, CONTRACT_START_MS);
    assert_string_equal(got.reason, "");
    assert_int_equal(got.attempts, 0);
    delivery_release(&got);
}

/* Long and short, alike and random: whatever a store does to save room must not show. */
static void delivery_add__gives_back_bodies_of_every_kind(void **state)
{
    static const size_t lengths[] = {1, 2, 17, 4000, 11000, 70000, 3000000};
    AUTO_FREE char *body = xmalloc(3000000 + 1);

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t len = lengths[i / 2];
        AUTO_FREE char *guid = xasprintf("kind-%zu", i);
        struct delivery got = {0};
        enum delivery_add outcome = DELIVERY_SEEN;

        for (size_t b = 0; b < len; b++)
            body[b] = (char)(i % 2 ? 'a' + b % 7 : 33 + rand_below(60));
        body[len] = '\0';
        assert_int_equal(add_delivery(guid, "issues", body, &outcome), 0);
        assert_int_equal(outcome, DELIVERY_NEW);
        MUST(store_delivery_get(store, guid, &got, &err));
        assert_int_equal(got.body_len, len);
        assert_memory_equal(got.body, body, len + 1);
        delivery_release(&got);
    }
}

static void delivery_add__takes_an_empty_body(void **state)
{
    enum delivery_add outcome = DELIVERY_SEEN;
    struct delivery got = {0};

    (void)state;
    assert_int_equal(add_delivery("g", "ping", "", &outcome), 0);
    MUST(store_delivery_get(store, "g", &got, &err));
    assert_non_null(got.body);
    assert_int_equal(got.body_len, 0);
    delivery_release(&got);
}

static void delivery_add__refuses_what_breaks_its_rules(void **state)
{
    char guid[] = "g";
    char event[] = "e";
    char empty[] = "";
    AUTO_FREE char *big = xasprintf("%0200d", 1);
    struct delivery none = {.guid = empty, .event = event};
    struct delivery long_guid = {.guid = big, .event = event};
    struct delivery long_event = {.guid = guid, .event = big};
    struct delivery no_event = {.guid = guid};
    struct delivery huge = {
        .guid = guid, .event = event, .body = guid, .body_len = 25UL * 1024 * 1024 + 1};

    (void)state;
    FAILS(VDO_E_INVALID, store_delivery_add(store, &none, on_added, NULL, &err));
    FAILS(VDO_E_INVALID, store_delivery_add(store, &long_guid, on_added, NULL, &err));
    FAILS(VDO_E_INVALID, store_delivery_add(store, &long_event, on_added, NULL, &err));
    FAILS(VDO_E_INVALID, store_delivery_add(store, &no_event, on_added, NULL, &err));
    FAILS(VDO_E_TOO_LARGE, store_delivery_add(store, &huge, on_added, NULL, &err));
    FAILS(VDO_E_NOT_FOUND, store_delivery_get(store, "g", &(struct delivery){0}, &err));
}

static void delivery_add__knows_a_guid_that_is_under_way_or_done(void **state)
{
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("a", DELIVERY_SEEN);
    must_claim("a", &d);
    must_add("a", DELIVERY_SEEN);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_DONE, "done", "", &err));
    must_add("a", DELIVERY_SEEN);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &(struct delivery){0}, &err));
    delivery_release(&d);
}

static void delivery_add__runs_a_failed_one_again(void **state)
{
    static const enum delivery_state ends[] = {DELIVERY_FAILED, DELIVERY_DEAD};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct delivery d = {0};
        const char *guid = i ? "dead" : "failed";

        must_add(guid, DELIVERY_NEW);
        must_claim(guid, &d);
        MUST(store_delivery_finish(store, d.seq, ends[i], "no", "", &err));
        delivery_release(&d);
        must_add(guid, DELIVERY_AGAIN);
        must_claim(guid, &d);
        assert_non_null(d.body);
        assert_int_equal(d.attempts, ends[i] == DELIVERY_DEAD ? 1 : 2);
        MUST(store_delivery_finish(store, d.seq, DELIVERY_DONE, "", "", &err));
        delivery_release(&d);
    }
}

static void delivery_add__knows_a_replayed_body(void **state)
{
    static const struct {
        const char *what;
        const char *guid;
        const char *event;
        const char *body;
        int64_t later_ms;
        enum delivery_add wanted;
    } rows[] = {
        {"the first", "a", "issues", "same", 0, DELIVERY_NEW},
        {"a replay with a new guid", "b", "issues", "same", 0, DELIVERY_SAME_BODY},
        {"and again", "c", "issues", "same", HOUR_MS, DELIVERY_SAME_BODY},
        {"another event may have the same body", "d", "push", "same", 0, DELIVERY_NEW},
        {"another body", "e", "issues", "other", 0, DELIVERY_NEW},
        {"just under a week", "f", "issues", "same", 6LL * 24 * HOUR_MS, DELIVERY_SAME_BODY},
        {"weeks later it may be meant", "g", "issues", "same", 14LL * 24 * HOUR_MS, DELIVERY_NEW},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum delivery_add outcome = DELIVERY_SEEN;
        struct delivery got = {0};

        clock_fake_advance(&test_time, rows[i].later_ms);
        assert_int_equal(add_delivery(rows[i].guid, rows[i].event, rows[i].body, &outcome), 0);
        if (outcome != rows[i].wanted)
            fail_msg("%s: %d", rows[i].what, (int)outcome);
        MUST(store_delivery_get(store, rows[i].guid, &got, &err));
        if (outcome == DELIVERY_SAME_BODY) {
            assert_int_equal(got.state, DELIVERY_DONE);
            assert_string_equal(got.reason, "ignored: same body as delivery a");
            assert_null(got.body);
        }
        delivery_release(&got);
    }
}

static atomic_int news;
static atomic_int others;

static void *add_the_same(void *number)
{
    enum delivery_add outcome = DELIVERY_NEW;

    (void)number;
    if (add_delivery("same", "issues", "{}", &outcome))
        return NULL;
    atomic_fetch_add(outcome == DELIVERY_NEW ? &news : &others, 1);
    return NULL;
}

static void delivery_add__is_one_row_for_one_guid_at_the_same_moment(void **state)
{
    (void)state;
    atomic_store(&news, 0);
    atomic_store(&others, 0);
    in_threads(16, add_the_same);
    assert_int_equal(atomic_load(&news), 1);
    assert_int_equal(atomic_load(&others), 15);
}

/* ---- too much at once ---- */

static sem_t may_go_on;
static atomic_int called;

static void hold_the_writer(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)outcome;
    (void)err;
    (void)rc;
    (void)sem_post(arg);
    while (sem_wait(&may_go_on))
        continue;
}

static void count_call(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)arg;
    (void)outcome;
    (void)err;
    if (!rc)
        atomic_fetch_add(&called, 1);
}

static void delivery_add__says_temporary_when_too_much_waits(void **state)
{
    char guid[32];
    char event[] = "issues";
    struct delivery d = {.guid = guid, .event = event};
    sem_t held;
    int n = 0;
    int rc;

    (void)state;
    (void)sem_init(&may_go_on, 0, 0);
    (void)sem_init(&held, 0, 0);
    atomic_store(&called, 0);
    (void)strcpy(guid, "first");
    MUST(store_delivery_add(store, &d, hold_the_writer, &held, &err));
    while (sem_wait(&held))
        continue;
    do {
        (void)snprintf(guid, sizeof(guid), "g%d", n);
        sha256_hex(guid, strlen(guid), d.sha256);
        rc = store_delivery_add(store, &d, count_call, NULL, NULL);
        n += rc == VDO_OK;
    } while (rc == VDO_OK && n < 1000000);
    assert_int_equal(rc, VDO_E_TEMPORARY);
    (void)sem_post(&may_go_on);
    MUST(store_ping(store, &err)); /* comes behind all of them */
    assert_int_equal(atomic_load(&called), n);
}

/* ---- claim ---- */

static void delivery_claim__takes_the_oldest_that_is_due(void **state)
{
    struct delivery d = {0};

    (void)state;
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    must_claim("a", &d);
    assert_int_equal(d.attempts, 1);
    assert_string_equal(d.body, "{\"body\":\"a\"}");
    delivery_release(&d);
    must_claim("b", &d);
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
}

static void delivery_retry__waits_for_its_time(void **state)
{
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_claim("a", &d);
    MUST(store_delivery_retry(store, d.seq, now() + 1000, "forge is down", &err));
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
    clock_fake_advance(&test_time, 1000);
    must_claim("a", &d);
    assert_string_equal(d.reason, "forge is down");
    assert_int_equal(d.attempts, 2);
    delivery_release(&d);
}

static void claim_as(const char *guid, int64_t repo_id, int64_t issue, int wanted,
                     struct delivery *out)
{
    struct err err = {0};
    char action[] = "labeled";

    must_claim(guid, out);
    free(out->action);
    out->action = xstrdup(action);
    out->repo_id = repo_id;
    out->issue = issue;
    assert_int_equal(store_delivery_describe(store, out, &err), wanted);
}

static void delivery_describe__lets_one_of_a_lane_go_at_a_time(void **state)
{
    struct delivery first = {0};
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    must_add("c", DELIVERY_NEW);
    claim_as("a", 7, 1, VDO_OK, &first);
    claim_as("b", 7, 1, VDO_E_CONFLICT, &d);
    delivery_release(&d);
    claim_as("c", 7, 2, VDO_OK, &d);
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
    MUST(store_delivery_finish(store, first.seq, DELIVERY_DONE, "", "", &err));
    must_claim("b", &d);
    assert_int_equal(d.attempts, 1); /* the conflict did not count */
    assert_int_equal(d.repo_id, 7);
    assert_int_equal(d.issue, 1);
    assert_string_equal(d.action, "labeled");
    MUST(store_delivery_describe(store, &d, &err));
    delivery_release(&d);
    delivery_release(&first);
}

static void delivery_describe__keeps_the_order_of_a_lane_while_the_first_waits(void **state)
{
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    claim_as("a", 7, 1, VDO_OK, &d);
    MUST(store_delivery_retry(store, d.seq, now() + 5000, "later", &err));
    delivery_release(&d);
    claim_as("b", 7, 1, VDO_E_CONFLICT, &d);
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
    clock_fake_advance(&test_time, 5000);
    must_claim("a", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_FAILED, "", "", &err));
    delivery_release(&d);
    must_claim("b", &d);
    delivery_release(&d);
}

static void delivery_describe__knows_no_lane_without_a_repository(void **state)
{
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    claim_as("a", 0, 0, VDO_OK, &d);
    delivery_release(&d);
    claim_as("b", 0, 0, VDO_OK, &d);
    delivery_release(&d);
    d.seq = 4711;
    FAILS(VDO_E_NOT_FOUND, store_delivery_describe(store, &d, &err));
}

static void delivery_claim_some__takes_what_has_no_lane_yet_and_a_lane_alone(void **state)
{
    struct delivery list[4] = {0};
    bool is_free[4] = {0};
    size_t n = 9;

    (void)state;
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim_some(store, "node", now(), 4, list, &n, &err));
    assert_int_equal(n, 0);
    for (const char *guid = "a\0b\0c\0d\0e\0"; *guid; guid += 2)
        must_add(guid, DELIVERY_NEW);
    MUST(store_delivery_claim_some(store, "node", now(), 3, list, &n, &err));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].guid[0], 'a' + (int)i);
        assert_non_null(list[i].body);
        list[i].repo_id = 7;
        list[i].issue = i == 1 ? 2 : 1;
    }
    MUST(store_delivery_describe_some(store, list, n, is_free, &err));
    assert_true(is_free[0] && is_free[1]);
    assert_false(is_free[2]); /* behind a, and given back */
    MUST(store_delivery_finish(store, list[0].seq, DELIVERY_DONE, "", "", &err));
    for (size_t i = 0; i < n; i++)
        delivery_release(&list[i]);
    MUST(store_delivery_claim_some(store, "node", now(), 4, list, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].guid, "c");
    assert_int_equal(list[0].attempts, 1);
    delivery_release(&list[0]);
    MUST(store_delivery_claim_some(store, "node", now(), 4, list, &n, &err));
    assert_int_equal(n, 2);
    delivery_release(&list[0]);
    delivery_release(&list[1]);
}

static void delivery_describe_some__describes_none_when_one_is_unknown(void **state)
{
    struct delivery list[2] = {0};
    bool is_free[2] = {0};
    struct delivery d = {0};
    size_t n;

    (void)state;
    must_add("a", DELIVERY_NEW);
    MUST(store_delivery_claim_some(store, "node", now(), 2, list, &n, &err));
    list[0].repo_id = 7;
    list[1].seq = 4711;
    FAILS(VDO_E_NOT_FOUND, store_delivery_describe_some(store, list, 2, is_free, &err));
    delivery_release(&list[0]);
    MUST(store_delivery_get(store, "a", &d, &err));
    assert_int_equal(d.repo_id, 0);
    delivery_release(&d);
}

static void delivery_end_some__records_the_others_when_one_is_not_pending(void **state)
{
    static const enum delivery_state ends[] = {DELIVERY_DONE, DELIVERY_FAILED, DELIVERY_PENDING,
                                               DELIVERY_DEAD};
    struct delivery list[4] = {0};
    struct delivery_ending endings[5] = {{.seq = 4711, .state = DELIVERY_DONE}};
    size_t n;

    (void)state;
    for (const char *guid = "a\0b\0c\0d\0"; *guid; guid += 2)
        must_add(guid, DELIVERY_NEW);
    MUST(store_delivery_claim_some(store, "node", now(), 4, list, &n, &err));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++)
        endings[i + 1] = (struct delivery_ending){.seq = list[i].seq,
                                                  .state = ends[i],
                                                  .reason = "why",
                                                  .job_id = "j1",
                                                  .run_at_ms = now() + 5000};
    FAILS(VDO_E_CONFLICT, store_delivery_end_some(store, endings, 5, &err));
    for (size_t i = 0; i < n; i++) {
        struct delivery d = {0};

        MUST(store_delivery_get(store, list[i].guid, &d, &err));
        assert_int_equal(d.state, ends[i]);
        assert_string_equal(d.reason, "why");
        assert_true((d.body == NULL) == (ends[i] == DELIVERY_DONE));
        delivery_release(&d);
        delivery_release(&list[i]);
    }
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &list[0], &err));
    clock_fake_advance(&test_time, 5000);
    must_claim("c", &list[0]);
    delivery_release(&list[0]);
}

static void *claim_many(void *number)
{
    struct delivery d = {0};

    (void)number;
    while (store_delivery_claim(store, "node", now(), &d, NULL) == VDO_OK) {
        atomic_fetch_add(&called, 1);
        delivery_release(&d);
    }
    return NULL;
}

static void delivery_claim__gives_each_to_one_thread_only(void **state)
{
    char guid[16];

    (void)state;
    atomic_store(&called, 0);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(guid, sizeof(guid), "g%d", i);
        must_add(guid, DELIVERY_NEW);
    }
    in_threads(8, claim_many);
    assert_int_equal(atomic_load(&called), 200);
}

/* ---- ends ---- */

static void delivery_finish__drops_the_body_of_a_done_one_only(void **state)
{
    static const struct {
        const char *guid;
        enum delivery_state end;
        bool keeps;
    } rows[] = {{"done", DELIVERY_DONE, false},
                {"failed", DELIVERY_FAILED, true},
                {"dead", DELIVERY_DEAD, true}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct delivery d = {0};

        must_add(rows[i].guid, DELIVERY_NEW);
        must_claim(rows[i].guid, &d);
        MUST(store_delivery_finish(store, d.seq, rows[i].end, "why", "j1", &err));
        FAILS(VDO_E_CONFLICT, store_delivery_finish(store, d.seq, DELIVERY_DONE, "", "", &err));
        FAILS(VDO_E_CONFLICT, store_delivery_retry(store, d.seq, 0, "", &err));
        delivery_release(&d);
        MUST(store_delivery_get(store, rows[i].guid, &d, &err));
        assert_int_equal(d.state, rows[i].end);
        assert_string_equal(d.reason, "why");
        assert_string_equal(d.job_id, "j1");
        assert_int_equal(d.body != NULL, rows[i].keeps);
        delivery_release(&d);
    }
}

static void delivery_redo__runs_failed_and_dead_ones_again(void **state)
{
    struct delivery d = {0};

    (void)state;
    FAILS(VDO_E_NOT_FOUND, store_delivery_redo(store, "a", &err));
    must_add("a", DELIVERY_NEW);
    FAILS(VDO_E_REFUSED, store_delivery_redo(store, "a", &err));
    must_claim("a", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_DEAD, "", "", &err));
    delivery_release(&d);
    MUST(store_delivery_redo(store, "a", &err));
    must_claim("a", &d);
    assert_int_equal(d.attempts, 1);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_FAILED, "", "", &err));
    clock_fake_advance(&test_time, HOUR_MS);
    MUST(store_prune(store, now(), &err));
    FAILS(VDO_E_REFUSED, store_delivery_redo(store, "a", &err));
    delivery_release(&d);
}

static size_t count_list(const char *guid, int want_state, int64_t before, int limit,
                         int64_t *out_last)
{
    struct delivery *list = NULL;
    size_t n = 0;

    MUST(store_delivery_list(store, guid, want_state, before, limit, &list, &n, &err));
    for (size_t i = 0; i < n; i++) {
        assert_null(list[i].body);
        assert_true(i == 0 || list[i].seq < list[i - 1].seq);
        if (out_last)
            *out_last = list[i].seq;
    }
    for (size_t i = 0; i < n; i++)
        delivery_release(&list[i]);
    free(list);
    return n;
}

static void delivery_list__goes_from_new_to_old_page_by_page(void **state)
{
    struct delivery d = {0};
    int64_t last = 0;
    char guid[16];

    (void)state;
    assert_int_equal(count_list(NULL, -1, 0, 10, NULL), 0);
    for (int i = 0; i < 25; i++) {
        (void)snprintf(guid, sizeof(guid), "g%d", i);
        must_add(guid, DELIVERY_NEW);
    }
    must_claim("g0", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_FAILED, "", "", &err));
    delivery_release(&d);
    must_claim("g1", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_DONE, "", "", &err));
    delivery_release(&d);
    assert_int_equal(count_list(NULL, -1, 0, 10, &last), 10);
    assert_int_equal(count_list(NULL, -1, last, 10, &last), 10);
    assert_int_equal(count_list(NULL, -1, last, 10, &last), 5);
    assert_int_equal(count_list(NULL, -1, last, 10, &last), 0);
    assert_int_equal(count_list("g7", -1, 0, 10, NULL), 1);
    assert_int_equal(count_list("none", -1, 0, 10, NULL), 0);
    assert_int_equal(count_list(NULL, DELIVERY_FAILED, 0, 10, NULL), 1);
    assert_int_equal(count_list(NULL, DELIVERY_DONE, 0, 10, NULL), 1);
    assert_int_equal(count_list(NULL, DELIVERY_PENDING, 0, 200, NULL), 23);
    assert_int_equal(count_list(NULL, DELIVERY_DEAD, 0, 10, NULL), 0);
    assert_int_equal(count_list(NULL, -1, 0, 0, NULL), 1);
}

static void take_back__frees_the_claims_of_its_node_only(void **state)
{
    struct delivery d = {0};

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    must_claim("a", &d);
    delivery_release(&d);
    MUST(store_delivery_claim(store, "other", now(), &d, &err));
    delivery_release(&d);
    reopen();
    MUST(store_take_back(store, "node", &err));
    must_claim("a", &d);
    assert_int_equal(d.attempts, 2);
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
    clock_fake_advance(&test_time, HOUR_MS);
    MUST(store_sweep_claims(store, "node", now(), &err));
    must_claim("b", &d); /* "a" is claimed by a node that lives */
    delivery_release(&d);
    FAILS(VDO_E_NOT_FOUND, store_delivery_claim(store, "node", now(), &d, &err));
}

static const struct CMUnitTest delivery_tests[] = {
    CONTRACT(delivery_add__keeps_every_byte),
    CONTRACT(delivery_add__gives_back_bodies_of_every_kind),
    CONTRACT(delivery_add__takes_an_empty_body),
    CONTRACT(delivery_add__refuses_what_breaks_its_rules),
    CONTRACT(delivery_add__knows_a_guid_that_is_under_way_or_done),
    CONTRACT(delivery_add__runs_a_failed_one_again),
    CONTRACT(delivery_add__knows_a_replayed_body),
    CONTRACT(delivery_add__is_one_row_for_one_guid_at_the_same_moment),
    CONTRACT(delivery_add__says_temporary_when_too_much_waits),
    CONTRACT(delivery_claim__takes_the_oldest_that_is_due),
    CONTRACT(delivery_retry__waits_for_its_time),
    CONTRACT(delivery_describe__lets_one_of_a_lane_go_at_a_time),
    CONTRACT(delivery_describe__keeps_the_order_of_a_lane_while_the_first_waits),
    CONTRACT(delivery_describe__knows_no_lane_without_a_repository),
    CONTRACT(delivery_claim_some__takes_what_has_no_lane_yet_and_a_lane_alone),
    CONTRACT(delivery_describe_some__describes_none_when_one_is_unknown),
    CONTRACT(delivery_end_some__records_the_others_when_one_is_not_pending),
    CONTRACT(delivery_claim__gives_each_to_one_thread_only),
    CONTRACT(delivery_finish__drops_the_body_of_a_done_one_only),
    CONTRACT(delivery_redo__runs_failed_and_dead_ones_again),
    CONTRACT(delivery_list__goes_from_new_to_old_page_by_page),
    CONTRACT(take_back__frees_the_claims_of_its_node_only),
};
