#include "fixture.c"

/* ---- a handler that notes what it sees ---- */

enum { MAX_SEEN = 4000, LANES = 8 };

static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static char seen[MAX_SEEN][16];
static size_t n_seen;
static int in_lane[LANES];
static int last_in_lane[LANES];
static bool lanes_ok;
static int most_at_once;
static int at_once;
static struct delivery_verdict answer;
static bool hold;
static bool held;

/* Bodies are "<lane> <number>"; lane 0 is no lane. */
static void describe(void *arg, struct delivery *d)
{
    char *end = NULL;

    (void)arg;
    free(d->action);
    d->action = xstrdup("labeled");
    free(d->repo);
    d->repo = xstrdup(REPO);
    d->issue = strtol(d->body, &end, 10);
    if (strtol(end, NULL, 10) % 2) /* so that the next one could overtake this one here */
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    d->repo_id = d->issue ? 5 : 0;
}

static void enter(const struct delivery *d, int lane, int number)
{
    (void)pthread_mutex_lock(&seen_lock);
    if (n_seen < MAX_SEEN)
        (void)snprintf(seen[n_seen], sizeof(seen[0]), "%s", d->guid);
    n_seen++;
    if (lane && (in_lane[lane]++ > 0 || number <= last_in_lane[lane]))
        lanes_ok = false;
    last_in_lane[lane] = number;
    if (++at_once > most_at_once)
        most_at_once = at_once;
    (void)pthread_mutex_unlock(&seen_lock);
}

static void wait_while_held(struct forge_session *s)
{
    struct err err = {0};
    struct forge_repo repo = {.id = 5, .name = REPO};
    struct forge_repo_info info = {0};

    for (;;) {
        (void)pthread_mutex_lock(&seen_lock);
        bool go_on = !hold;
        held = hold;
        (void)pthread_mutex_unlock(&seen_lock);
        if (go_on || forge_get_repo(s, &repo, &info, &err) == VDO_E_CANCELLED)
            return;
        forge_repo_info_release(&info);
        (void)nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

static void handle(void *arg, struct forge_session *s, const struct delivery *d,
                   struct delivery_verdict *out)
{
    char *end = NULL;
    int lane = (int)strtol(d->body, &end, 10);
    int number = (int)strtol(end, NULL, 10);

    (void)arg;
    enter(d, lane, number);
    wait_while_held(s);
    (void)pthread_mutex_lock(&seen_lock);
    *out = answer;
    in_lane[lane]--;
    at_once--;
    (void)pthread_mutex_unlock(&seen_lock);
}

static size_t count_seen(void)
{
    (void)pthread_mutex_lock(&seen_lock);
    size_t n = n_seen;
    (void)pthread_mutex_unlock(&seen_lock);
    return n;
}

static void set_hold(bool to)
{
    (void)pthread_mutex_lock(&seen_lock);
    hold = to;
    (void)pthread_mutex_unlock(&seen_lock);
}

static bool is_held(void)
{
    (void)pthread_mutex_lock(&seen_lock);
    bool is = held;
    (void)pthread_mutex_unlock(&seen_lock);
    return is;
}

static int setup_inbox(void **state)
{
    n_seen = 0;
    memset(in_lane, 0, sizeof(in_lane));
    memset(last_in_lane, 0, sizeof(last_in_lane));
    lanes_ok = true;
    most_at_once = at_once = 0;
    hold = held = false;
    answer = (struct delivery_verdict){.state = DELIVERY_DONE, .reason = "job started"};
    if (setup(state))
        return -1;
    options.dispatchers = 4;
    options.describe = describe;
    options.handle = handle;
    return 0;
}

#define INBOX(name) cmocka_unit_test_setup_teardown(name, setup_inbox, teardown)

/* ---- adding ---- */

static atomic_int added;

static void on_add(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)arg;
    (void)err;
    if (rc == VDO_OK && outcome == DELIVERY_NEW)
        atomic_fetch_add(&added, 1);
}

static void add(int lane, int number)
{
    char guid[16];
    char body[32];
    char event[] = "issues";
    struct delivery d = {.guid = guid, .event = event, .body = body, .received_at_ms = now()};
    int before = atomic_load(&added);

    (void)snprintf(guid, sizeof(guid), "%d-%d", lane, number);
    d.body_len = (size_t)snprintf(body, sizeof(body), "%d %d", lane, number);
    sha256_hex(body, d.body_len, d.sha256);
    MUST(jobs_inbox_add(jobs, &d, on_add, NULL, &err));
    WAIT_FOR(atomic_load(&added) == before + 1);
}

static struct delivery get(const char *guid)
{
    struct delivery d = {0};

    MUST(store_delivery_get(store, guid, &d, &err));
    return d;
}

static enum delivery_state delivery_state(const char *guid)
{
    struct delivery d = get(guid);
    enum delivery_state s = d.state;

    delivery_release(&d);
    return s;
}

/* ---- tests ---- */

static void inbox__hands_a_delivery_to_the_bot(void **state)
{
    struct delivery d;

    (void)state;
    (void)strcpy(answer.job_id, "j123");
    start_jobs();
    add(1, 1);
    WAIT_FOR(delivery_state("1-1") == DELIVERY_DONE);
    d = get("1-1");
    assert_string_equal(d.action, "labeled");
    assert_string_equal(d.repo, REPO);
    assert_int_equal(d.issue, 1);
    assert_string_equal(d.reason, "job started");
    assert_string_equal(d.job_id, "j123");
    assert_int_equal(d.attempts, 1);
    delivery_release(&d);
}

static void inbox__takes_up_what_was_there_before_the_start(void **state)
{
    (void)state;
    new_jobs();
    add(1, 1);
    add(2, 1);
    jobs_free(jobs);
    start_jobs();
    WAIT_FOR(delivery_state("1-1") == DELIVERY_DONE && delivery_state("2-1") == DELIVERY_DONE);
}

static void inbox__records_each_kind_of_decision(void **state)
{
    static const struct {
        enum delivery_state says;
        enum delivery_state becomes;
    } rows[] = {{DELIVERY_DONE, DELIVERY_DONE},
                {DELIVERY_FAILED, DELIVERY_FAILED},
                {DELIVERY_DEAD, DELIVERY_DEAD},
                {DELIVERY_PENDING, DELIVERY_FAILED}};

    (void)state;
    start_jobs();
    for (int i = 0; i < 4; i++) {
        char guid[16];

        (void)pthread_mutex_lock(&seen_lock);
        answer.state = rows[i].says;
        (void)pthread_mutex_unlock(&seen_lock);
        add(i + 1, 1);
        (void)snprintf(guid, sizeof(guid), "%d-1", i + 1);
        WAIT_FOR(delivery_state(guid) != DELIVERY_PENDING);
        assert_int_equal(delivery_state(guid), rows[i].becomes);
    }
}

static void inbox__keeps_each_lane_in_order_and_the_lanes_apart(void **state)
{
    enum { EACH = 40 };

    (void)state;
    new_jobs();
    for (int i = 1; i <= EACH; i++)
        for (int lane = 0; lane < LANES; lane++)
            add(lane, i);
    MUST(jobs_start(jobs, &err));
    WAIT_FOR(count_seen() == (size_t)EACH * LANES);
    jobs_stop(jobs, PATIENT_MS);
    (void)pthread_mutex_lock(&seen_lock);
    assert_true(lanes_ok);
    (void)pthread_mutex_unlock(&seen_lock);
}

static void inbox__works_at_several_lanes_at_once(void **state)
{
    (void)state;
    set_hold(true);
    start_jobs();
    for (int lane = 1; lane <= 4; lane++)
        add(lane, 1);
    add(1, 2); /* waits for the first of its lane */
    WAIT_FOR(count_seen() == 4);
    set_hold(false);
    WAIT_FOR(delivery_state("1-2") == DELIVERY_DONE);
    assert_int_equal(most_at_once, 4);
    assert_true(lanes_ok);
}

static void inbox__tries_again_and_gives_up_after_eight_attempts(void **state)
{
    struct delivery d;

    (void)state;
    answer = (struct delivery_verdict){.reason = "forge is down", .retry_after_ms = 1};
    start_jobs();
    add(1, 1);
    for (size_t i = 1; i <= 8; i++) {
        WAIT_FOR(count_seen() == i);
        if (i < 8) {
            bool waits = false;

            WAIT_FOR((d = get("1-1"), waits = d.run_at_ms > now(), delivery_release(&d), waits));
            assert_int_equal(delivery_state("1-1"), DELIVERY_PENDING);
            advance(2 * HOUR_MS);
            bus_ring(bus, BUS_INBOX);
        }
    }
    WAIT_FOR(delivery_state("1-1") == DELIVERY_DEAD);
    d = get("1-1");
    assert_string_equal(d.reason, "given up after 8 attempts: forge is down");
    assert_int_equal(d.attempts, 8);
    assert_non_null(d.body); /* it can be done again by hand */
    delivery_release(&d);
}

static void inbox__waits_as_long_as_the_forge_asked(void **state)
{
    struct delivery d = {0};

    (void)state;
    answer = (struct delivery_verdict){.reason = "rate limit", .retry_after_ms = 10 * HOUR_MS};
    start_jobs();
    add(1, 1);
    WAIT_FOR((delivery_release(&d), d = get("1-1"), d.run_at_ms >= now() + 10 * HOUR_MS));
    delivery_release(&d);
}

/* A body that ends the process each time must not end it for ever. */
static void inbox__buries_what_killed_eight_processes(void **state)
{
    struct delivery d = {0};

    (void)state;
    new_jobs();
    add(1, 1);
    for (int i = 0; i < 8; i++) {
        MUST(store_delivery_claim(store, jobs_node(jobs), now(), &d, &err));
        delivery_release(&d);
        jobs_free(jobs);
        new_jobs();
    }
    MUST(jobs_start(jobs, &err));
    WAIT_FOR(delivery_state("1-1") == DELIVERY_DEAD);
    d = get("1-1");
    assert_string_equal(d.reason, "given up: 8 attempts ended without a decision");
    delivery_release(&d);
    assert_int_equal(count_seen(), 0);
}

static void stop__lets_a_decision_under_way_end(void **state)
{
    (void)state;
    set_hold(true);
    start_jobs();
    add(1, 1);
    WAIT_FOR(is_held());
    jobs_stop(jobs, 0); /* no grace: the forge's calls end with VDO_E_CANCELLED */
    assert_int_equal(delivery_state("1-1"), DELIVERY_DONE);
    add(2, 1);
    assert_int_equal(delivery_state("2-1"), DELIVERY_PENDING);
}

static void jobs_inbox_add__passes_a_refusal_on(void **state)
{
    char guid[] = "";
    char event[] = "issues";
    struct delivery d = {.guid = guid, .event = event};

    (void)state;
    new_jobs();
    assert_int_equal(jobs_inbox_add(jobs, &d, on_add, NULL, NULL), VDO_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INBOX(inbox__hands_a_delivery_to_the_bot),
        INBOX(inbox__takes_up_what_was_there_before_the_start),
        INBOX(inbox__records_each_kind_of_decision),
        INBOX(inbox__keeps_each_lane_in_order_and_the_lanes_apart),
        INBOX(inbox__works_at_several_lanes_at_once),
        INBOX(inbox__tries_again_and_gives_up_after_eight_attempts),
        INBOX(inbox__waits_as_long_as_the_forge_asked),
        INBOX(inbox__buries_what_killed_eight_processes),
        INBOX(stop__lets_a_decision_under_way_end),
        INBOX(jobs_inbox_add__passes_a_refusal_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
