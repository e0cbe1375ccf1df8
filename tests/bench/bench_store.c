/*
 * How fast deliveries are made durable, what claiming and leasing cost, and how long the store
 * takes to open. Usage: bench_store [SECONDS [DIR]]; one line per measurement on stdout.
 */
#include "timing.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/store/store.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BODY = 12 * 1024, MAX_THREADS = 64, MAX_SAMPLES = 200000, MANY = 100000 };

struct producer {
    struct store *store;
    int64_t end_us;
    unsigned number;
    size_t n;
    double *samples;
    size_t n_samples;
    sem_t added;
};

static const char *dir;
static double all_samples[MAX_THREADS * MAX_SAMPLES / 16];

static int64_t now_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static double cpu_s(void)
{
    struct rusage ru;

    (void)getrusage(RUSAGE_SELF, &ru);
    return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
           (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->text);
    exit(1);
}

static char *url(const char *name)
{
    return xasprintf("sqlite:%s/%s", dir, name);
}

static struct store *open_store(const char *name)
{
    struct err err = {0};
    struct store *store = NULL;
    AUTO_FREE char *u = url(name);

    if (store_open(u, clock_real(), &store, &err))
        die("open", &err);
    return store;
}

static void added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    if (rc || outcome != DELIVERY_NEW)
        die("add", err ? err : &(struct err){.text = "not new"});
    (void)sem_post(arg);
}

static void add_one(struct producer *p, char *body, size_t n)
{
    struct err err = {0};
    char guid[64];
    char event[] = "issues";
    struct delivery d = {.guid = guid, .event = event, .body = body, .body_len = BODY};

    (void)snprintf(guid, sizeof(guid), "%08x-4f62-11f1-%04x-%012zx", (unsigned)rand(), p->number,
                   n);
    (void)snprintf(body, BODY, "%s", guid);
    sha256_hex(body, BODY, d.sha256);
    d.received_at_ms = clock_now_ms(clock_real());
    if (store_delivery_add(p->store, &d, added, &p->added, &err))
        die("add", &err);
    while (sem_wait(&p->added))
        continue;
}

static void *produce(void *arg)
{
    struct producer *p = arg;
    AUTO_FREE char *body = xmalloc(BODY);

    memset(body, 'x', BODY);
    while (now_us() < p->end_us) {
        int64_t from = now_us();

        add_one(p, body, p->n++);
        if (p->n_samples < MAX_SAMPLES / 16)
            p->samples[p->n_samples++] = (double)(now_us() - from) / 1000.0;
    }
    return NULL;
}

static void bench_add(unsigned threads, double seconds)
{
    static struct producer producers[MAX_THREADS];
    pthread_t ids[MAX_THREADS];
    AUTO_FREE char *name = xasprintf("add%u.db", threads);
    struct store *store = open_store(name);
    double cpu = cpu_s();
    int64_t from = now_us();
    size_t total = 0;
    size_t n = 0;

    for (unsigned i = 0; i < threads; i++) {
        producers[i] = (struct producer){.store = store,
                                         .number = i,
                                         .end_us = from + (int64_t)(seconds * 1e6),
                                         .samples = all_samples + i * (MAX_SAMPLES / 16)};
        (void)sem_init(&producers[i].added, 0, 0);
        (void)pthread_create(&ids[i], NULL, produce, &producers[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
        total += producers[i].n;
        memmove(all_samples + n, producers[i].samples, producers[i].n_samples * sizeof(double));
        n += producers[i].n_samples;
    }
    double wall = (double)(now_us() - from) / 1e6;
    sort_times(all_samples, n);
    printf("durable add of 12 KiB, %2u producers: %8.0f/s  p50 %.2f ms  p99 %.2f ms  max %.1f ms  "
           "%.0f us CPU each\n",
           threads, (double)total / wall, all_samples[n / 2], all_samples[n * 99 / 100],
           all_samples[n - 1], (cpu_s() - cpu) * 1e6 / (double)total);
    store_close(store);
}

/* ---- a full store ---- */

static void fill_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)outcome;
    if (rc)
        die("fill", err);
    (void)sem_post(arg);
}

static void fill(struct store *store)
{
    sem_t done;
    char event[] = "issues";

    (void)sem_init(&done, 0, 0);
    for (unsigned i = 0; i < MANY; i++) {
        struct err err = {0};
        char guid[64];
        char body[600];
        struct delivery d = {.guid = guid, .event = event, .body = body};

        (void)snprintf(guid, sizeof(guid), "%08x-4f62-11f1-0000-%012x", (unsigned)rand(), i);
        d.body_len = (size_t)snprintf(body, sizeof(body), "%0500u", i);
        sha256_hex(body, d.body_len, d.sha256);
        d.received_at_ms = clock_now_ms(clock_real());
        while (store_delivery_add(store, &d, fill_added, &done, &err)) {
            err_clear(&err);
            (void)usleep(1000);
        }
    }
    for (unsigned i = 0; i < MANY; i++)
        while (sem_wait(&done))
            continue;
}

static void bench_claims(struct store *store)
{
    struct err err = {0};
    struct delivery d = {0};
    const unsigned n = 5000;
    int64_t from = now_us();

    for (unsigned i = 0; i < n; i++) {
        if (store_delivery_claim(store, "bench", clock_now_ms(clock_real()), &d, &err))
            die("claim", &err);
        d.repo_id = 1 + i % 50;
        d.issue = i;
        if (store_delivery_describe(store, &d, &err))
            die("describe", &err);
        if (store_delivery_finish(store, d.seq, DELIVERY_DONE, "bench", "", &err))
            die("finish", &err);
        delivery_release(&d);
    }
    printf("claim, describe, finish a delivery, 1 thread, %d waiting: %.0f/s\n", MANY,
           n / ((double)(now_us() - from) / 1e6));
}

static void bench_leases(struct store *store)
{
    struct err err = {0};
    const unsigned n = 5000;
    struct job job = {0};
    char id[RAND_ID_SIZE];
    int64_t from;

    for (unsigned i = 0; i < n; i++) {
        char repo[32];
        char workflow[] = "build";
        char forge[] = "github";
        struct job j = {.workflow = workflow, .forge = forge, .repo = repo, .issue = i + 1};

        j.repo_id = i % 100 == 0 ? 2 + i / 100 : 1; /* one loud repository, fifty quiet ones */
        (void)snprintf(repo, sizeof(repo), "a/r%lld", (long long)j.repo_id);
        if (store_job_create(store, &j, NULL, 0, id, &err))
            die("create", &err);
    }
    from = now_us();
    for (unsigned i = 0; i < 1000; i++) {
        if (store_job_lease(store, "bench", NULL, clock_now_ms(clock_real()), 60000, &job, &err))
            die("lease", &err);
        if (store_job_finish(store, job.id, job.epoch, JOB_COMPLETED, "done", "", NULL, 0, &err))
            die("finish job", &err);
        job_release(&job);
    }
    printf("lease and finish a job, 1 thread, %u queued: %.0f/s\n", n,
           1000 / ((double)(now_us() - from) / 1e6));
}

static void bench_open(const char *name, const char *what)
{
    double best = 1e9;
    double stats = 0;

    for (int i = 0; i < 5; i++) {
        struct err err = {0};
        json_t *json = NULL;
        int64_t from = now_us();
        struct store *store = open_store(name);
        int64_t opened = now_us();

        if (store_stats(store, &json, &err))
            die("stats", &err);
        stats = (double)(now_us() - opened) / 1000.0;
        json_decref(json);
        best = (double)(opened - from) / 1000.0 < best ? (double)(opened - from) / 1000.0 : best;
        store_close(store);
    }
    printf("open %s: %.1f ms, stats %.1f ms\n", what, best, stats);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;
    char template[] = "/tmp/vdo-bench-store-XXXXXX";
    struct err err = {0};
    struct store *store;

    dir = argc > 2 ? argv[2] : mkdtemp(template);
    if (!dir)
        return 1;
    bench_add(1, seconds);
    bench_add(8, seconds);
    bench_add(32, seconds);
    bench_add(64, seconds);
    bench_open("empty.db", "an empty store");
    store = open_store("full.db");
    fill(store);
    store_close(store);
    bench_open("full.db", "a store with 100,000 pending deliveries");
    store = open_store("full.db");
    bench_claims(store);
    bench_leases(store);
    store_close(store);
    if (argc <= 2)
        (void)fs_remove_tree(dir, &err);
    return 0;
}
