#include "vdo/base/mem.h"
#include "vdo/base/thread.h"

#include "lite.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

/*
 * What may wait, and what goes into one transaction. The transaction's bounds keep the answer to
 * its first member quick; the queue's keep memory flat while the disk is slower than the network.
 */
enum { QUEUE_MAX_OPS = 20000, BATCH_MAX_OPS = 512 };
#define QUEUE_MAX_COST (128UL * 1024 * 1024)
#define BATCH_MAX_COST (2UL * 1024 * 1024)

struct writer {
    struct conn *conn; /* of the writer thread */
    struct checkpointer *checkpointer;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t wake;
    struct write_op *head;
    struct write_op *tail;
    size_t n_queued;
    size_t queued_cost;
    bool asleep;
    bool stopping;
};

/* ---- the queue; under the lock ---- */

static void push(struct writer *w, struct write_op *op)
{
    op->next = NULL;
    if (w->tail)
        w->tail->next = op;
    else
        w->head = op;
    w->tail = op;
    w->n_queued++;
    w->queued_cost += op->cost;
    if (w->asleep)
        (void)pthread_cond_signal(&w->wake);
}

static struct write_op *take_batch(struct writer *w)
{
    struct write_op *first = w->head;
    struct write_op *last = NULL;
    size_t n = 0;
    size_t cost = 0;

    while (w->head && n < BATCH_MAX_OPS && (n == 0 || cost + w->head->cost <= BATCH_MAX_COST)) {
        last = w->head;
        w->head = last->next;
        cost += last->cost;
        n++;
    }
    if (last)
        last->next = NULL;
    if (!w->head)
        w->tail = NULL;
    w->n_queued -= n;
    w->queued_cost -= cost;
    return first;
}

/* ---- one transaction ---- */

static void fail_op(struct write_op *op, const struct err *why)
{
    op->rc = why->code;
    op->failure = *why;
}

/* Everything from first up to (not including) end that had succeeded is lost. */
static void fail_done(struct write_op *first, const struct write_op *end, const struct err *why)
{
    for (struct write_op *op = first; op && op != end; op = op->next)
        if (op->rc == VDO_OK)
            fail_op(op, why);
}

static int run_op(struct conn *c, struct write_op *op)
{
    int rc = conn_run(c, "SAVEPOINT op", NO_VALUES, &op->failure);

    if (!rc) {
        rc = op->fn(c, op->arg, &op->failure);
        if (rc && sqldb_in_transaction(conn_db(c)))
            (void)conn_run(c, "ROLLBACK TO op", NO_VALUES, NULL);
        if (sqldb_in_transaction(conn_db(c)))
            (void)conn_run(c, "RELEASE op", NO_VALUES, NULL);
    }
    op->rc = conn_translate(rc, &op->failure);
    return op->rc;
}

static void run_batch(struct conn *c, struct write_op *batch)
{
    struct sqldb *db = conn_db(c);
    struct write_op *begun = NULL; /* first op of the open transaction */
    struct err err = {0};

    for (struct write_op *op = batch; op; op = op->next) {
        if (!sqldb_in_transaction(db)) {
            begun = op;
            err_clear(&err);
            if (conn_translate(sqldb_begin(db, &err), &err)) {
                for (; op; op = op->next)
                    fail_op(op, &err);
                return;
            }
        }
        /* A full disk or a failing one ends the whole transaction, not only this op. */
        if (run_op(c, op) && !sqldb_in_transaction(db))
            fail_done(begun, op, &op->failure);
    }
    if (sqldb_in_transaction(db) && conn_translate(sqldb_commit(db, &err), &err))
        fail_done(begun, NULL, &err);
}

static void finish_batch(struct write_op *batch)
{
    while (batch) {
        struct write_op *op = batch;

        batch = op->next; /* done may free it */
        op->done(op);
    }
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct write_op *batch;

    for (;;) {
        (void)pthread_mutex_lock(&w->lock);
        while (!w->head && !w->stopping) {
            w->asleep = true;
            (void)pthread_cond_wait(&w->wake, &w->lock);
            w->asleep = false;
        }
        batch = take_batch(w);
        (void)pthread_mutex_unlock(&w->lock);
        if (!batch)
            return NULL;
        run_batch(w->conn, batch);
        finish_batch(batch);
        checkpointer_after_commit(w->checkpointer, w->conn);
    }
}

/* ---- for callers ---- */

int writer_start(struct conn *conn, struct checkpointer *checkpointer, struct writer **out,
                 struct err *err)
{
    struct writer *w = xcalloc(1, sizeof(*w));
    int rc;

    w->conn = conn;
    w->checkpointer = checkpointer;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    rc = thread_start(&w->thread, writer_main, w);
    if (rc) {
        free(w);
        return err_set(err, VDO_E_IO, "store: the writer thread could not be started: %s",
                       strerrordesc_np(rc));
    }
    *out = w;
    return VDO_OK;
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

int writer_submit(struct writer *w, struct write_op *op, struct err *err)
{
    bool full;

    (void)pthread_mutex_lock(&w->lock);
    full = w->n_queued >= QUEUE_MAX_OPS || w->queued_cost + op->cost > QUEUE_MAX_COST;
    if (!full)
        push(w, op);
    (void)pthread_mutex_unlock(&w->lock);
    if (full)
        return err_set(err, VDO_E_TEMPORARY, "the store has too much waiting to be written");
    return VDO_OK;
}

struct waiting_op {
    struct write_op op;
    sem_t done;
};

static void wake_waiter(struct write_op *op)
{
    (void)sem_post(&((struct waiting_op *)(void *)op)->done);
}

int writer_run(struct writer *w, conn_fn fn, void *arg, struct err *err)
{
    struct waiting_op waiting = {.op = {.fn = fn, .arg = arg, .done = wake_waiter}};

    (void)sem_init(&waiting.done, 0, 0);
    (void)pthread_mutex_lock(&w->lock);
    push(w, &waiting.op);
    (void)pthread_mutex_unlock(&w->lock);
    while (sem_wait(&waiting.done) != 0)
        continue; /* a signal */
    (void)sem_destroy(&waiting.done);
    if (waiting.op.rc && waiting.op.failure.code)
        return err_set(err, waiting.op.failure.code, "%s", waiting.op.failure.text);
    return waiting.op.rc;
}
