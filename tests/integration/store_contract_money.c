#include "store_contract.h"

#define DAY_MS (24LL * HOUR_MS)

static int reserve(const char *job_id, int64_t amount, struct spend_limits limits, int64_t *out_id,
                   const char **out_which)
{
    return store_spend_reserve(store, job_id, amount, &limits, now(), out_id, out_which, NULL,
                               NULL);
}

static void settle(const char *job_id, int64_t reservation, int64_t cost)
{
    AUTO_FREE char *job_copy = xstrdup(job_id);
    struct model_call c = {.job_id = job_copy,
                           .provider = (char *)(uintptr_t) "claude",
                           .ok = true,
                           .at_ms = now(),
                           .cost_microusd = cost};

    MUST(store_call_add(store, &c, reservation, &err));
}

static struct spend_totals totals(const char *job_id)
{
    struct spend_totals t = {0};

    MUST(store_spend_totals(store, job_id, now(), &t, &err));
    return t;
}

static void spend_reserve__holds_each_limit(void **state)
{
    static const struct {
        const char *what;
        int64_t amount;
        struct spend_limits limits;
        const char *which; /* NULL: allowed */
    } rows[] = {
        {"no limit", 1000, {0}, NULL},
        {"exactly the job's", 900, {.job_microusd = 1000}, NULL},
        {"one more than the job's", 901, {.job_microusd = 1000}, "job"},
        {"exactly the day's", 700, {.day_microusd = 1000}, NULL},
        {"one more than the day's", 701, {.day_microusd = 1000}, "day"},
        {"one more than the month's", 701, {.month_microusd = 1000}, "month"},
        {"the narrowest is named first",
         2000,
         {.job_microusd = 1000, .day_microusd = 1000, .month_microusd = 1000},
         "job"},
        {"larger than any limit", INT64_MAX, {.month_microusd = 1000}, "month"},
        {"nothing costs nothing",
         0,
         {.job_microusd = 100, .day_microusd = 300, .month_microusd = 300},
         NULL},
    };
    char id[RAND_ID_SIZE];

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    settle(id, 0, 100);
    settle("", 0, 200); /* outside jobs: the day's and month's */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *which = NULL;
        int64_t reservation = 0;
        int rc = reserve(id, rows[i].amount, rows[i].limits, &reservation, &which);

        if (rc != (rows[i].which ? VDO_E_REFUSED : VDO_OK))
            fail_msg("%s: %d", rows[i].what, rc);
        if (rows[i].which)
            assert_string_equal(which, rows[i].which);
        else
            MUST(store_spend_release(store, reservation, &err));
    }
    assert_int_equal(totals(id).job_microusd, 100);
    assert_int_equal(totals(id).day_microusd, 300);
}

static void call_add__settles_a_reservation(void **state)
{
    char id[RAND_ID_SIZE];
    int64_t reservation = 0;
    struct job job = {0};
    struct spend_totals t = {0};
    struct spend_limits limits = {.job_microusd = 1000};

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    MUST(store_spend_reserve(store, id, 800, &limits, now(), &reservation, NULL, &t, &err));
    assert_int_equal(t.job_microusd, 800);
    assert_int_equal(reserve(id, 300, limits, &(int64_t){0}, NULL), VDO_E_REFUSED);
    settle(id, reservation, 250);
    assert_int_equal(totals(id).job_microusd, 250);
    assert_int_equal(totals(id).month_microusd, 250);
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.cost_microusd, 250);
    job_release(&job);
    assert_int_equal(reserve(id, 750, limits, &reservation, NULL), VDO_OK);
}

static void spend_reserve__holds_a_provider_and_a_repository(void **state)
{
    static const struct {
        const char *what;
        struct spend_limits limits;
        const char *which; /* NULL: allowed */
    } rows[] = {
        {"exactly the provider's day", {.provider_day_microusd = 800, .provider = "claude"}, NULL},
        {"one more", {.provider_day_microusd = 799, .provider = "claude"}, "provider_day"},
        {"the month", {.provider_month_microusd = 799, .provider = "claude"}, "provider_month"},
        {"another provider", {.provider_day_microusd = 500, .provider = "openai"}, NULL},
        {"no provider named", {.provider_day_microusd = 500}, NULL},
        {"exactly the repository's day", {.repo_day_microusd = 600}, NULL},
        {"one more of it", {.repo_day_microusd = 599}, "repo_day"},
        {"its month", {.repo_month_microusd = 599}, "repo_month"},
    };
    struct spend_limits claude = {.provider = "claude"};
    char id[RAND_ID_SIZE];
    int64_t held = 0;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    settle(id, 0, 60);
    settle("", 0, 200); /* the provider's, but no repository's */
    assert_int_equal(reserve(id, 40, claude, &held, NULL), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *which = NULL;
        int64_t reservation = 0;
        int rc = reserve(id, 500, rows[i].limits, &reservation, &which);

        if (rc != (rows[i].which ? VDO_E_REFUSED : VDO_OK))
            fail_msg("%s: %d %s", rows[i].what, rc, which ? which : "");
        if (rows[i].which)
            assert_string_equal(which, rows[i].which);
        else
            MUST(store_spend_release(store, reservation, &err));
    }
    settle(id, held, 0);
    assert_int_equal(
        reserve(id, 740, (struct spend_limits){.provider_day_microusd = 1000, .provider = "claude"},
                &held, NULL),
        0);
    MUST(store_spend_release(store, held, &err));
    clock_fake_advance(&test_time, DAY_MS);
    assert_int_equal(reserve(id, 800,
                             (struct spend_limits){.provider_day_microusd = 800,
                                                   .repo_day_microusd = 800,
                                                   .provider = "claude"},
                             &held, NULL),
                     0);
    assert_int_equal(totals(id).repo_day_microusd, 800);
    assert_int_equal(totals(id).repo_month_microusd, 860);
}

static void spend_totals__follow_the_calendar(void **state)
{
    (void)state;
    /* 21 November 08:00 UTC */
    settle("", 0, 1);
    clock_fake_advance(&test_time, 16 * HOUR_MS - 1);
    settle("", 0, 10);
    assert_int_equal(totals("").day_microusd, 11);
    clock_fake_advance(&test_time, 1); /* midnight */
    assert_int_equal(totals("").day_microusd, 0);
    assert_int_equal(totals("").month_microusd, 11);
    clock_fake_advance(&test_time, 9 * DAY_MS - 1); /* the last moment of the 30th */
    assert_int_equal(totals("").month_microusd, 11);
    clock_fake_advance(&test_time, 1);
    assert_int_equal(totals("").month_microusd, 0);
}

static void spend_sweep__ends_what_nobody_will_settle(void **state)
{
    char leased[RAND_ID_SIZE];
    char dead[RAND_ID_SIZE];
    struct spend_limits none = {0};
    int64_t id = 0;

    (void)state;
    memcpy(leased, make_job(1, 1, "normal"), RAND_ID_SIZE);
    memcpy(dead, make_job(1, 2, "normal"), RAND_ID_SIZE);
    (void)lease_job(leased);
    assert_int_equal(reserve(leased, 10, none, &id, NULL), 0);
    assert_int_equal(reserve(dead, 20, none, &id, NULL), 0);
    MUST(store_spend_sweep(store, now(), &err)); /* not older than now */
    assert_int_equal(totals("").day_microusd, 30);
    clock_fake_advance(&test_time, 1);
    MUST(store_spend_sweep(store, now(), &err));
    assert_int_equal(totals("").day_microusd, 10);
    clock_fake_advance(&test_time, LEASE_MS);
    MUST(store_spend_sweep(store, now(), &err));
    assert_int_equal(totals("").day_microusd, 0);
}

/*
 * Property: with many threads that reserve, settle at most what they reserved, or give back, the
 * sum of what is spent and reserved never passes a limit by one micro-dollar.
 */
enum { SPENDERS = 16, ROUNDS = 60, DAY_LIMIT = 100000, JOB_LIMIT = 30000 };

static char spenders[4][RAND_ID_SIZE];
static atomic_int_least64_t worst_day;
static atomic_int_least64_t worst_job;
static atomic_int refused;

static void note_worst(atomic_int_least64_t *worst, int64_t value)
{
    int64_t before = atomic_load(worst);

    while (value > before && !atomic_compare_exchange_weak(worst, &before, value))
        continue;
}

static void spend_once(unsigned who)
{
    struct spend_limits limits = {.job_microusd = JOB_LIMIT, .day_microusd = DAY_LIMIT};
    const char *job = spenders[who % 4];
    int64_t amount = 1 + rand_below(3000);
    struct spend_totals t = {0};
    int64_t id = 0;
    int rc = store_spend_reserve(store, job, amount, &limits, now(), &id, NULL, &t, NULL);

    if (rc == VDO_E_REFUSED) {
        atomic_fetch_add(&refused, 1);
        return;
    }
    note_worst(&worst_day, t.day_microusd);
    note_worst(&worst_job, t.job_microusd);
    t = totals(job);
    note_worst(&worst_day, t.day_microusd);
    note_worst(&worst_job, t.job_microusd);
    if (rand_below(3) == 0)
        (void)store_spend_release(store, id, NULL);
    else
        settle(job, id, (int64_t)rand_below((uint32_t)amount + 1));
}

static void *spend(void *number)
{
    for (int i = 0; i < ROUNDS; i++)
        spend_once((unsigned)(uintptr_t)number);
    return NULL;
}

static void spend_reserve__never_passes_a_limit_with_many_threads(void **state)
{
    struct spend_totals end;

    (void)state;
    atomic_store(&worst_day, 0);
    atomic_store(&worst_job, 0);
    atomic_store(&refused, 0);
    for (int i = 0; i < 4; i++)
        memcpy(spenders[i], make_job(1, i + 1, "normal"), RAND_ID_SIZE);
    in_threads(SPENDERS, spend);
    assert_true(atomic_load(&worst_day) <= DAY_LIMIT);
    assert_true(atomic_load(&worst_job) <= JOB_LIMIT);
    assert_true(atomic_load(&refused) > 0); /* or nothing was put to the test */
    end = totals(spenders[0]);
    assert_true(end.day_microusd > 0 && end.day_microusd <= DAY_LIMIT);
}

static const struct CMUnitTest money_tests[] = {
    CONTRACT(spend_reserve__holds_each_limit),
    CONTRACT(call_add__settles_a_reservation),
    CONTRACT(spend_reserve__holds_a_provider_and_a_repository),
    CONTRACT(spend_totals__follow_the_calendar),
    CONTRACT(spend_sweep__ends_what_nobody_will_settle),
    CONTRACT(spend_reserve__never_passes_a_limit_with_many_threads),
};
