#include "vdo/base/mem.h"

#include "lite.h"

#include <pthread.h>
#include <stdlib.h>

/* Opened when first needed, kept afterwards. Past the last one a reader waits. */
enum { MAX_READERS = 16, READER_CACHE_KIB = 512 };

struct readers {
    char *path;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t given;
    struct conn *idle[MAX_READERS];
    size_t n_idle;
    size_t n_open;
};

struct readers *readers_new(const char *path)
{
    struct readers *r = xcalloc(1, sizeof(*r));

    r->path = xstrdup(path);
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->given, NULL);
    return r;
}

void readers_free(struct readers *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_idle; i++)
        conn_close(r->idle[i]);
    (void)pthread_cond_destroy(&r->given);
    (void)pthread_mutex_destroy(&r->lock);
    free(r->path);
    free(r);
}

int readers_take(struct readers *r, struct conn **out, struct err *err)
{
    static const struct sqldb_options options = {.read_only = true, .cache_kib = READER_CACHE_KIB};
    int rc;

    (void)pthread_mutex_lock(&r->lock);
    while (r->n_idle == 0 && r->n_open == MAX_READERS)
        (void)pthread_cond_wait(&r->given, &r->lock);
    if (r->n_idle > 0) {
        *out = r->idle[--r->n_idle];
        (void)pthread_mutex_unlock(&r->lock);
        return VDO_OK;
    }
    r->n_open++;
    (void)pthread_mutex_unlock(&r->lock);

    rc = conn_open(r->path, &options, out, err);
    if (rc) {
        (void)pthread_mutex_lock(&r->lock);
        r->n_open--;
        (void)pthread_cond_signal(&r->given);
        (void)pthread_mutex_unlock(&r->lock);
    }
    return rc;
}

void readers_give(struct readers *r, struct conn *conn)
{
    (void)pthread_mutex_lock(&r->lock);
    r->idle[r->n_idle++] = conn;
    (void)pthread_cond_signal(&r->given);
    (void)pthread_mutex_unlock(&r->lock);
}
