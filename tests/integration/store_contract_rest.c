#include "store_contract.h"

static void doc_put__keeps_and_replaces(void **state)
{
    json_t *value = json_pack("{s:[i,n,s]}", "a", 1, "\xc3\xa4");
    json_t *got = NULL;

    (void)state;
    FAILS(VDO_E_NOT_FOUND, store_doc_get(store, "k", "a", &got, &err));
    MUST(store_doc_put(store, "k", "a", value, &err));
    reopen();
    MUST(store_doc_get(store, "k", "a", &got, &err));
    assert_true(json_equal(got, value));
    json_decref(got);
    json_decref(value);
    value = json_integer(2);
    MUST(store_doc_put(store, "k", "a", value, &err));
    MUST(store_doc_get(store, "k", "a", &got, &err));
    assert_int_equal(json_integer_value(got), 2);
    json_decref(got);
    json_decref(value);
    MUST(store_doc_delete(store, "k", "a", &err));
    FAILS(VDO_E_NOT_FOUND, store_doc_delete(store, "k", "a", &err));
}

static void doc_list__gives_one_kind_by_prefix(void **state)
{
    static const struct {
        const char *prefix;
        size_t wanted;
    } rows[] = {{"", 5}, {"a/", 3}, {"a/1", 2}, {"a", 3}, {"b", 1}, {"zz", 0}, {"\xc3", 1}};
    static const char *const keys[] = {"a/1", "a/10", "a/2", "b/1", "\xc3\xa4"};
    json_t *one = json_integer(1);

    (void)state;
    for (size_t i = 0; i < 5; i++)
        MUST(store_doc_put(store, "k", keys[i], one, &err));
    MUST(store_doc_put(store, "other", "a/1", one, &err));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *list = NULL;

        MUST(store_doc_list(store, "k", rows[i].prefix, &list, &err));
        if (json_object_size(list) != rows[i].wanted)
            fail_msg("\"%s\": %zu", rows[i].prefix, json_object_size(list));
        json_decref(list);
    }
    json_decref(one);
}

static atomic_int_least64_t sum;

static void *count_up(void *number)
{
    (void)number;
    for (int i = 0; i < 25; i++) {
        int64_t n = 0;

        if (store_counter_next(store, "issues", &n, NULL) == VDO_OK)
            atomic_fetch_add(&sum, n);
    }
    return NULL;
}

static void counter_next__gives_every_number_once(void **state)
{
    int64_t n = 0;

    (void)state;
    atomic_store(&sum, 0);
    in_threads(8, count_up);
    assert_int_equal(atomic_load(&sum), 200 * 201 / 2);
    reopen();
    MUST(store_counter_next(store, "issues", &n, &err));
    assert_int_equal(n, 201);
    MUST(store_counter_next(store, "other", &n, &err));
    assert_int_equal(n, 1);
}

static void stats__count_by_state(void **state)
{
    struct delivery d = {0};
    json_t *stats = NULL;
    char id[RAND_ID_SIZE];

    (void)state;
    must_add("a", DELIVERY_NEW);
    must_add("b", DELIVERY_NEW);
    must_add("c", DELIVERY_NEW);
    must_claim("a", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_DONE, "", "", &err));
    delivery_release(&d);
    must_claim("b", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_DEAD, "", "", &err));
    delivery_release(&d);
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    (void)make_job(1, 2, "normal");
    (void)lease_job(id);
    (void)add_row(id, "comment", 1);
    clock_fake_advance(&test_time, 5000);
    MUST(store_stats(store, &stats, &err));
    assert_int_equal(js_int(stats, "deliveries.pending", -1), 1);
    assert_int_equal(js_int(stats, "deliveries.done", -1), 1);
    assert_int_equal(js_int(stats, "deliveries.failed", -1), 0);
    assert_int_equal(js_int(stats, "deliveries.dead", -1), 1);
    assert_int_equal(js_int(stats, "jobs.queued", -1), 2);
    assert_int_equal(js_int(stats, "jobs.completed", -1), 0);
    assert_int_equal(js_int(stats, "outbox.pending", -1), 1);
    assert_int_equal(js_int(stats, "leased", -1), 1);
    assert_int_equal(js_int(stats, "oldest_pending_ms", -1), 5000);
    assert_int_equal(js_int(stats, "oldest_queued_ms", -1), 5000);
    assert_int_equal(js_int(stats, "oldest_outbox_ms", -1), 5000);
    json_decref(stats);
    MUST(store_job_cancel(store, id, "", NULL, 0, NULL, &err));
    MUST(store_stats(store, &stats, &err));
    assert_int_equal(js_int(stats, "jobs.queued", -1), 2); /* it runs: only marked */
    json_decref(stats);
}

static size_t count_logs(const char *id)
{
    struct job_log *lines = NULL;
    size_t n = 0;

    MUST(store_log_list(store, id, 0, 1000, &lines, &n, &err));
    for (size_t i = 0; i < n; i++)
        job_log_release(&lines[i]);
    free(lines);
    return n;
}

static void prune__drops_what_is_old_and_ended(void **state)
{
    char text[] = "x";
    char ended[RAND_ID_SIZE];
    char open[RAND_ID_SIZE];
    struct model_call call_of = {.role = text, .request = text, .response = text, .ok = true};
    struct model_call *calls = NULL;
    struct delivery d = {0};
    size_t n = 0;

    (void)state;
    memcpy(ended, make_job(1, 1, "normal"), RAND_ID_SIZE);
    memcpy(open, make_job(1, 2, "normal"), RAND_ID_SIZE);
    for (int i = 0; i < 700; i++)
        MUST(store_log_add(store, ended, "", "info", "x", &err));
    MUST(store_log_add(store, open, "", "info", "x", &err));
    call_of.job_id = ended;
    MUST(store_call_add(store, &call_of, 0, &err));
    must_add("failed", DELIVERY_NEW);
    must_add("pending", DELIVERY_NEW);
    must_claim("failed", &d);
    MUST(store_delivery_finish(store, d.seq, DELIVERY_FAILED, "", "", &err));
    delivery_release(&d);
    MUST(store_job_cancel(store, ended, "", NULL, 0, NULL, &err));
    MUST(store_prune(store, now(), &err)); /* nothing is older than now */
    assert_int_equal(count_logs(ended), 700);
    clock_fake_advance(&test_time, 1);
    MUST(store_prune(store, now(), &err));
    assert_int_equal(count_logs(ended), 0);
    assert_int_equal(count_logs(open), 1);
    MUST(store_call_list(store, ended, true, &calls, &n, &err));
    assert_int_equal(n, 1);
    assert_null(calls[0].request);
    model_call_release(&calls[0]);
    free(calls);
    MUST(store_delivery_get(store, "failed", &d, &err));
    assert_null(d.body);
    delivery_release(&d);
    MUST(store_delivery_get(store, "pending", &d, &err));
    assert_non_null(d.body);
    delivery_release(&d);
}

static void ping__reads_and_writes(void **state)
{
    (void)state;
    MUST(store_ping(store, &err));
    MUST(store_ping(store, &err));
}

static const struct CMUnitTest rest_tests[] = {
    CONTRACT(doc_put__keeps_and_replaces),           CONTRACT(doc_list__gives_one_kind_by_prefix),
    CONTRACT(counter_next__gives_every_number_once), CONTRACT(stats__count_by_state),
    CONTRACT(prune__drops_what_is_old_and_ended),    CONTRACT(ping__reads_and_writes),
};
