#include "vdo/base/mem.h"
#include "vdo/base/thread.h"

#include "lite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Moving the WAL into the file takes as long as writing it took. A thread of its own does it while
 * the writer goes on; but as long as the writer goes on the WAL never is moved whole and grows. So
 * now and then the writer moves the rest by itself, which is little then.
 */
enum { SOME_PAGES = 1000, MOST_PAGES = 6000 };

struct checkpointer {
    struct conn *conn; /* of the thread */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t changed;
    bool wanted;
    bool busy;
    bool stopping;
    int asked_at; /* pages when it was last asked for; of the writer thread */
};

static void *run(void *arg)
{
    struct checkpointer *k = arg;

    (void)pthread_mutex_lock(&k->lock);
    for (;;) {
        while (!k->wanted && !k->stopping)
            (void)pthread_cond_wait(&k->changed, &k->lock);
        if (k->stopping)
            break;
        k->wanted = false;
        k->busy = true;
        (void)pthread_mutex_unlock(&k->lock);
        /* What fails here is tried again by the writer, whose failure counts. */
        (void)sqldb_checkpoint_some(conn_db(k->conn), NULL);
        (void)pthread_mutex_lock(&k->lock);
        k->busy = false;
        (void)pthread_cond_broadcast(&k->changed);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return NULL;
}

static int start(struct checkpointer *k, struct err *err)
{
    int rc = thread_start(&k->thread, run, k);

    return rc ? err_set(err, VDO_E_IO, "store: the checkpoint thread could not be started: %s",
                        strerrordesc_np(rc)) :
                VDO_OK;
}

int checkpointer_start(const char *path, struct checkpointer **out, struct err *err)
{
    static const struct sqldb_options options = {.must_exist = true,
                                                 .wal_autocheckpoint_pages = -1};
    struct checkpointer *k = xcalloc(1, sizeof(*k));
    int rc = conn_open(path, &options, &k->conn, err);

    (void)pthread_mutex_init(&k->lock, NULL);
    (void)pthread_cond_init(&k->changed, NULL);
    if (!rc)
        rc = start(k, err);
    if (rc) {
        conn_close(k->conn);
        free(k);
        return rc;
    }
    *out = k;
    return VDO_OK;
}

void checkpointer_stop(struct checkpointer *k)
{
    if (!k)
        return;
    (void)pthread_mutex_lock(&k->lock);
    k->stopping = true;
    (void)pthread_cond_broadcast(&k->changed);
    (void)pthread_mutex_unlock(&k->lock);
    (void)pthread_join(k->thread, NULL);
    (void)pthread_cond_destroy(&k->changed);
    (void)pthread_mutex_destroy(&k->lock);
    conn_close(k->conn);
    free(k);
}

static void ask(struct checkpointer *k)
{
    (void)pthread_mutex_lock(&k->lock);
    k->wanted = true;
    (void)pthread_cond_broadcast(&k->changed);
    (void)pthread_mutex_unlock(&k->lock);
}

static void wait_until_idle(struct checkpointer *k)
{
    (void)pthread_mutex_lock(&k->lock);
    k->wanted = false;
    while (k->busy)
        (void)pthread_cond_wait(&k->changed, &k->lock);
    (void)pthread_mutex_unlock(&k->lock);
}

void checkpointer_after_commit(struct checkpointer *k, struct conn *writer)
{
    int pages = sqldb_wal_pages(conn_db(writer));

    if (pages < k->asked_at) /* written from its start again */
        k->asked_at = 0;
    if (pages >= MOST_PAGES && pages >= k->asked_at + SOME_PAGES) {
        wait_until_idle(k);
        (void)sqldb_checkpoint_some(conn_db(writer), NULL);
        k->asked_at = pages;
    } else if (pages >= k->asked_at + SOME_PAGES) {
        ask(k);
        k->asked_at = pages;
    }
}
