#include "store_contract.h"

struct store *store;
struct clock_fake test_time;
static char contract_url[512];

static struct store *open_contract_store(void)
{
    struct err err = {0};
    struct store *opened = NULL;

    if (store_open(contract_url, &test_time.clock, &opened, &err))
        fail_msg("%s: %s", contract_url, err.text);
    return opened;
}

int contract_setup(void **state)
{
    (void)state;
    clock_fake_init(&test_time, CONTRACT_START_MS);
    contract_make(contract_url, sizeof(contract_url));
    store = open_contract_store();
    return 0;
}

int contract_teardown(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    contract_remove();
    return 0;
}

void reopen(void)
{
    store_close(store);
    store = open_contract_store();
}

int64_t now(void)
{
    return clock_now_ms(&test_time.clock);
}

struct waiting {
    sem_t done;
    int rc;
    enum delivery_add outcome;
};

static void on_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    struct waiting *w = arg;

    (void)err;
    w->rc = rc;
    w->outcome = outcome;
    (void)sem_post(&w->done);
}

int add_delivery(const char *guid, const char *event, const char *body, enum delivery_add *out)
{
    struct waiting w = {0};
    AUTO_FREE char *guid_copy = xstrdup(guid);
    AUTO_FREE char *event_copy = xstrdup(event);
    AUTO_FREE char *body_copy = xstrdup(body);
    struct delivery d = {.guid = guid_copy,
                         .event = event_copy,
                         .body = body_copy,
                         .body_len = strlen(body),
                         .received_at_ms = now()};
    struct err err = {0};
    int rc;

    (void)sem_init(&w.done, 0, 0);
    sha256_hex(body, strlen(body), d.sha256);
    rc = store_delivery_add(store, &d, on_added, &w, &err);
    if (rc)
        return rc;
    while (sem_wait(&w.done))
        continue;
    (void)sem_destroy(&w.done);
    *out = w.outcome;
    return w.rc;
}

void must_add(const char *guid, enum delivery_add wanted)
{
    enum delivery_add outcome = DELIVERY_SEEN;
    AUTO_FREE char *body = xasprintf("{\"body\":\"%s\"}", guid);

    assert_int_equal(add_delivery(guid, "issues", body, &outcome), 0);
    assert_int_equal(outcome, wanted);
}

void must_claim(const char *guid, struct delivery *out)
{
    MUST(store_delivery_claim(store, "node", now(), out, &err));
    assert_string_equal(out->guid, guid);
}

int try_make_job(int64_t repo_id, const char *repo, int64_t issue, char id[RAND_ID_SIZE])
{
    char workflow[] = "build";
    char forge[] = "github";
    AUTO_FREE char *repo_copy = xstrdup(repo);
    struct job job = {.workflow = workflow,
                      .forge = forge,
                      .repo_id = repo_id,
                      .repo = repo_copy,
                      .issue = issue};

    return store_job_create(store, &job, NULL, 0, id, NULL);
}

const char *make_job(int64_t repo_id, int64_t issue, const char *priority)
{
    static char id[RAND_ID_SIZE];
    char workflow[] = "build";
    char forge[] = "github";
    AUTO_FREE char *repo = xasprintf("o/r%lld", (long long)repo_id);
    AUTO_FREE char *priority_copy = xstrdup(priority);
    struct job job = {.workflow = workflow,
                      .forge = forge,
                      .repo_id = repo_id,
                      .repo = repo,
                      .issue = issue,
                      .priority = priority_copy};

    MUST(store_job_create(store, &job, NULL, 0, id, &err));
    return id;
}

int64_t lease_job(const char *id)
{
    struct job job = {0};
    int64_t epoch;

    MUST(store_job_lease(store, "node", id, now(), LEASE_MS, &job, &err));
    assert_string_equal(job.id, id);
    epoch = job.epoch;
    job_release(&job);
    return epoch;
}

enum job_state state_of(const char *id)
{
    struct job job = {0};
    enum job_state state;

    MUST(store_job_get(store, id, &job, &err));
    state = job.state;
    job_release(&job);
    return state;
}

const char *add_row(const char *job_id, const char *kind, int n)
{
    static char id[RAND_ID_SIZE];
    struct outbox_row row = {0};
    AUTO_FREE char *job_copy = xstrdup(job_id);
    AUTO_FREE char *kind_copy = xstrdup(kind);
    AUTO_FREE char *payload = xasprintf("{\"n\":%d}", n);

    row.job_id = job_copy;
    row.kind = kind_copy;
    row.payload = payload;
    memcpy(id, rand_id(row.id), RAND_ID_SIZE);
    MUST(store_outbox_add(store, &row, 1, &err));
    return id;
}

enum outbox_state row_state(const char *id)
{
    struct outbox_row row = {0};
    enum outbox_state state;

    MUST(store_outbox_get(store, id, &row, &err));
    state = row.state;
    outbox_row_release(&row);
    return state;
}

void in_threads(unsigned n, void *(*fn)(void *number))
{
    pthread_t threads[64];

    assert_true(n <= 64);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fn, (void *)(uintptr_t)i), 0);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}
