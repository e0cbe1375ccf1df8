#include "lite.h"

int64_t lite_now_ms(const struct store *store)
{
    return clock_now_ms(store->clock);
}

int lite_write(struct store *store, conn_fn fn, void *arg, struct err *err)
{
    return writer_run(lite_of(store)->writer, fn, arg, err);
}

int lite_read(struct store *store, conn_fn fn, void *arg, struct err *err)
{
    struct readers *readers = lite_of(store)->readers;
    struct conn *c = NULL;
    int rc = readers_take(readers, &c, err);

    if (rc)
        return conn_translate(rc, err);
    rc = sqldb_begin_read(conn_db(c), err);
    if (!rc) {
        rc = fn(c, arg, err);
        sqldb_rollback(conn_db(c));
    }
    readers_give(readers, c);
    return conn_translate(rc, err);
}
