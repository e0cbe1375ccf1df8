/*
 * Property: whatever many threads ask at once, and however the calls end, what the provider takes
 * and what the ledger says never pass a limit by one micro-dollar.
 *
 * The stand-in bills on its own account: it makes up usage within what a request can hold, also
 * for answers that it then breaks off, drops, or sends without usage. Each sequence of calls takes
 * a job with a random limit of its own; all share a day, a month, a provider and repositories.
 * VDO_BUDGET_SEQUENCES sets how many sequences there are.
 */
#include "vdo/model/model.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/json/json.h"

#include "http_stub.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 16, JOBS = 64, REPOS = 4, CAP = 256, DEFAULT_SEQUENCES = 10000 };
/* Rates of the model below, dollars per million tokens. */
enum { RATE_IN = 2, RATE_OUT = 8 };

/* One day that does not end, so that its sum is the sum of all; waits cost nothing. */
static const int64_t midnight = 1795219200000;
static _Atomic int64_t of_day_ms;
static _Atomic int64_t mono_ms;

static int64_t today(const struct clock *clock)
{
    int64_t ms = of_day_ms += 100;

    (void)clock;
    return midnight + (ms < 86000000 ? ms : 86000000);
}

static int64_t hurried(const struct clock *clock)
{
    (void)clock;
    return mono_ms += 20000;
}

static const struct clock still_clock = {today, hurried};

struct account {
    char id[RAND_ID_SIZE];
    int repo;
    int64_t limit;
    _Atomic int64_t billed; /* by the stand-in */
};

static struct store *store;
static struct model *model;
static struct account accounts[JOBS];
static _Atomic int64_t billed_all;
static _Atomic int64_t billed_repo[REPOS];
static atomic_int next_sequence;
static atomic_int answered;
static atomic_int limited;
static atomic_int broken;
static int64_t day_limit;
static int64_t repo_limit;
static int sequences;

/* ---- the provider ---- */

static void bill(int job, int64_t in, int64_t out)
{
    int64_t cost = in * RATE_IN + out * RATE_OUT;

    atomic_fetch_add(&accounts[job].billed, cost);
    atomic_fetch_add(&billed_all, cost);
    atomic_fetch_add(&billed_repo[accounts[job].repo], cost);
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void say(int fd, int status, const char *type, const char *body)
{
    AUTO_FREE char *text = xasprintf("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                                     "\r\n%s",
                                     status, type, strlen(body), body);

    stub_send(fd, text);
}

static void answer(int fd, int64_t in, int64_t out, bool with_usage, bool cut)
{
    AUTO_FREE char *usage = xasprintf(
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld}}\n\n",
        (long long)in, (long long)out);
    AUTO_FREE char *body =
        xasprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
                  "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                  "%sdata: [DONE]\n\n",
                  with_usage ? usage : "");

    if (cut) {
        stub_send(fd, "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n"
                      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\"}}]}\n\n");
        reset(fd);
    } else {
        say(fd, 200, "text/event-stream", body);
    }
}

/* False: the connection has ended. */
static bool serve_one(int fd)
{
    AUTO_FREE char *request = stub_read_request(fd);
    const char *body = request ? strstr(request, "\r\n\r\n") : NULL;
    const char *mark = body ? strstr(body, "job=") : NULL;
    int64_t in;
    int64_t out;
    int job;

    if (!mark)
        return false;
    job = (int)strtol(mark + 4, NULL, 10);
    in = 1 + rand_below((uint32_t)strlen(body + 4)); /* up to a token for every byte */
    out = rand_below(CAP + 1);
    switch (rand_below(30)) {
    case 0:
        say(fd, 500, "application/json", "{\"error\":{\"message\":\"sorry\"}}");
        return true;
    case 1:
        say(fd, 429, "application/json", "{\"error\":{\"message\":\"slow down\"}}");
        return true;
    case 2: /* it has worked and nobody hears of it */
        bill(job, in, out);
        reset(fd);
        return false;
    case 3:
        bill(job, in, out);
        answer(fd, in, out, true, true);
        return false;
    case 4:
        bill(job, in, out);
        answer(fd, in, out, false, false);
        return true;
    default:
        bill(job, in, out);
        answer(fd, in, out, true, false);
        return true;
    }
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;

    while (serve_one(fd)) {
    }
    (void)close(fd);
    return NULL;
}

static int listener = -1;

/* The library's sessions keep their connections, so there are few threads at a time. */
static void *accept_all(void *arg)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;

        if (fd < 0)
            return arg;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            (void)pthread_detach(thread);
    }
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

/* ---- those who spend ---- */

static void check_totals(const struct account *account)
{
    struct spend_totals t = {0};

    if (store_spend_totals(store, account->id, midnight, &t, NULL) != VDO_OK ||
        t.job_microusd > account->limit || t.day_microusd > day_limit ||
        t.repo_day_microusd > repo_limit)
        atomic_fetch_add(&broken, 1);
    if (atomic_load(&account->billed) > account->limit || atomic_load(&billed_all) > day_limit)
        atomic_fetch_add(&broken, 1);
}

static void one_call(struct model_session *session, int job)
{
    struct account *account = &accounts[job];
    struct model_context context = {.job_id = account->id,
                                    .step = "build",
                                    .step_attempt = 1,
                                    .limits = {.job_microusd = account->limit,
                                               .day_microusd = day_limit,
                                               .repo_day_microusd = repo_limit}};
    AUTO_FREE char *text = xasprintf("job=%d %*s", job, (int)rand_below(3000), "");
    struct model_result result = {0};
    struct err err = {0};
    struct chat chat;
    struct model_request request = {.role = ROLE_BUILDER, .chat = &chat};
    int rc;

    chat_init(&chat, "VDO role: builder");
    chat_add_user(&chat, text);
    rc = model_call(session, &context, &request, &result, &err);
    chat_release(&chat);
    model_result_release(&result);
    if (rc == VDO_OK)
        atomic_fetch_add(&answered, 1);
    if (rc == VDO_E_LIMIT)
        atomic_fetch_add(&limited, 1);
    check_totals(account);
}

static void *spend(void *arg)
{
    struct model_session *session = model_session_new(model, NULL);

    while (atomic_fetch_add(&next_sequence, 1) < sequences) {
        int job = (int)rand_below(JOBS);
        int calls = 1 + (int)rand_below(3);

        for (int i = 0; i < calls; i++)
            one_call(session, job);
    }
    model_session_free(session);
    return arg;
}

/* ---- the world ---- */

static void make_accounts(void)
{
    char none[] = "";
    char words[5][16] = {"build", "local", "feature", "normal", "{}"};

    for (int i = 0; i < JOBS; i++) {
        AUTO_FREE char *repo = xasprintf("o/r%d", i % REPOS);
        struct job job = {.workflow = words[0],
                          .forge = words[1],
                          .repo = repo,
                          .repo_id = 1 + i % REPOS,
                          .issue = i + 1,
                          .title = none,
                          .text = none,
                          .instructions = none,
                          .type = words[2],
                          .priority = words[3],
                          .requester = none,
                          .trigger = words[4],
                          .base_ref = none};

        assert_int_equal(store_job_create(store, &job, NULL, 0, accounts[i].id, NULL), 0);
        accounts[i].repo = i % REPOS;
        accounts[i].limit = 20000 + rand_below(sequences * 200U);
    }
}

static void spending__never_passes_a_limit_by_one_micro_dollar(void **state)
{
    const char *wanted = getenv("VDO_BUDGET_SEQUENCES");
    char dir[] = "/tmp/vdo-test-budget-XXXXXX";
    int port = listen_somewhere();
    pthread_t acceptor;
    pthread_t thread[THREADS];
    struct config *config = NULL;
    struct err err = {0};
    AUTO_FREE char *url = NULL;
    AUTO_FREE char *yaml = NULL;

    (void)state;
    sequences = wanted ? atoi(wanted) : DEFAULT_SEQUENCES;
    day_limit = sequences * 4000LL;
    repo_limit = day_limit / 3;
    assert_non_null(mkdtemp(dir));
    url = xasprintf("sqlite:%s/vdo.db", dir);
    assert_int_equal(store_open(url, &still_clock, &store, &err), 0);
    make_accounts();
    yaml = xasprintf(
        "forge: local\nproviders:\n  p: {api: openai-chat, base_url: \"http://127.0.0.1:%d/v1\", key: "
        "test-key-abcdef, model: gpt-4.1, max_output_tokens: %d, max_concurrent: 64}\n"
        "roles: {refiner: [p], planner: [p], builder: [p], tester: [p], "
        "reviewer: [p]}\n",
        port, CAP);
    assert_int_equal(config_parse("t.yml", yaml, strlen(yaml), CONFIG_FOR_RUN, &config, NULL, &err),
                     0);
    assert_int_equal(model_open(config, store, &still_clock, &model, &err), 0);
    assert_int_equal(pthread_create(&acceptor, NULL, accept_all, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, spend, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(atomic_load(&broken), 0);
    for (int i = 0; i < JOBS; i++)
        assert_true(atomic_load(&accounts[i].billed) <= accounts[i].limit);
    for (int i = 0; i < REPOS; i++)
        assert_true(atomic_load(&billed_repo[i]) <= repo_limit);
    /* Or nothing was put to the test. */
    assert_true(atomic_load(&answered) > sequences / 10 && atomic_load(&limited) > sequences / 100);
    print_message("%d sequences: %d calls answered, %d stopped at a limit, $%.2f billed of $%.2f\n",
                  sequences, atomic_load(&answered), atomic_load(&limited),
                  (double)atomic_load(&billed_all) / 1e6, (double)day_limit / 1e6);
    model_close(model);
    config_free(config);
    store_close(store);
    (void)shutdown(listener, SHUT_RDWR);
    pthread_join(acceptor, NULL);
    (void)close(listener);
    assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spending__never_passes_a_limit_by_one_micro_dollar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
