#include "vdo/base/mem.h"

#include "lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITER_CACHE_KIB = 8192, BUSY_MS = 5000 };

static int read_something(struct conn *c, void *arg, struct err *err)
{
    int64_t n = 0;
    int rc = conn_int(c, "SELECT count(*) FROM counters", NO_VALUES, &n, err);

    (void)arg;
    return rc;
}

static int write_something(struct conn *c, void *arg, struct err *err)
{
    (void)arg;
    return conn_run(c,
                    "INSERT INTO counters (name, value) VALUES ('ping', 1) "
                    "ON CONFLICT DO UPDATE SET value = value + 1",
                    NO_VALUES, err);
}

static int lite_ping(struct store *store, struct err *err)
{
    int rc = lite_read(store, read_something, NULL, err);

    return rc ? rc : lite_write(store, write_something, NULL, err);
}

static void lite_close(struct store *store)
{
    struct lite *l = lite_of(store);

    writer_stop(l->writer);
    checkpointer_stop(l->checkpointer);
    readers_free(l->readers);
    conn_close(l->write_conn);
    free(l);
}

static const struct store_ops lite_ops = {
    .close = lite_close,
    .ping = lite_ping,
    .delivery_add = lite_delivery_add,
    .delivery_describe = lite_delivery_describe,
    .delivery_claim = lite_delivery_claim,
    .delivery_claim_some = lite_delivery_claim_some,
    .delivery_describe_some = lite_delivery_describe_some,
    .delivery_end_some = lite_delivery_end_some,
    .delivery_finish = lite_delivery_finish,
    .delivery_retry = lite_delivery_retry,
    .delivery_get = lite_delivery_get,
    .delivery_list = lite_delivery_list,
    .delivery_redo = lite_delivery_redo,
    .job_create = lite_job_create,
    .job_get = lite_job_get,
    .job_list = lite_job_list,
    .job_lease = lite_job_lease,
    .job_renew = lite_job_renew,
    .job_release = lite_job_release,
    .job_update = lite_job_update,
    .job_finish = lite_job_finish,
    .job_cancel = lite_job_cancel,
    .job_retry = lite_job_retry,
    .job_wake = lite_job_wake,
    .job_rate = lite_job_rate,
    .take_back = lite_take_back,
    .sweep_claims = lite_sweep_claims,
    .step_begin = lite_step_begin,
    .step_finish = lite_step_finish,
    .step_list = lite_step_list,
    .outbox_add = lite_outbox_add,
    .outbox_claim = lite_outbox_claim,
    .outbox_done = lite_outbox_done,
    .outbox_retry = lite_outbox_retry,
    .outbox_park = lite_outbox_park,
    .outbox_fail = lite_outbox_fail,
    .outbox_get = lite_outbox_get,
    .outbox_list = lite_outbox_list,
    .outbox_touch_progress = lite_outbox_touch_progress,
    .log_add = lite_log_add,
    .log_list = lite_log_list,
    .call_add = lite_call_add,
    .call_list = lite_call_list,
    .call_position = lite_call_position,
    .spend_reserve = lite_spend_reserve,
    .spend_release = lite_spend_release,
    .spend_sweep = lite_spend_sweep,
    .spend_totals = lite_spend_totals,
    .doc_put = lite_doc_put,
    .doc_get = lite_doc_get,
    .doc_delete = lite_doc_delete,
    .doc_list = lite_doc_list,
    .counter_next = lite_counter_next,
    .stats = lite_stats,
    .prune = lite_prune,
};

static int prepare(struct conn *c, const char *path, struct err *err)
{
    /* Savepoints keep their undo pages in memory; freed pages are not written only to be blanked.
     */
    int rc = sqldb_exec(conn_db(c), "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF", err);

    return rc ? rc : lite_migrate(c, path, err);
}

static int explain_open(int rc, const char *path, struct err *err)
{
    char why[sizeof(err->text)] = "";

    if (rc != VDO_E_INVALID) {
        (void)err_wrap(err, "store");
        return rc;
    }
    if (err)
        (void)snprintf(why, sizeof(why), "%s", err->text);
    err_clear(err);
    return err_set(err, VDO_E_IO,
                   "store: %s; restore a backup of %s, or move it away to start anew", why, path);
}

int sqlite_store_open(const char *path, const struct clock *clock, struct store **out,
                      struct err *err)
{
    static const struct sqldb_options options = {.sync = SQLDB_SYNC_FULL,
                                                 .busy_timeout_ms = BUSY_MS,
                                                 .cache_kib = WRITER_CACHE_KIB,
                                                 .wal_autocheckpoint_pages = -1};
    struct conn *c = NULL;
    struct lite *l;
    int rc = conn_open(path, &options, &c, err);

    if (!rc)
        rc = prepare(c, path, err);
    if (rc) {
        conn_close(c);
        return explain_open(rc, path, err);
    }
    l = xcalloc(1, sizeof(*l));
    l->store.ops = &lite_ops;
    l->store.clock = clock;
    l->write_conn = c;
    l->readers = readers_new(path);
    rc = checkpointer_start(path, &l->checkpointer, err);
    if (!rc)
        rc = writer_start(c, l->checkpointer, &l->writer, err);
    if (rc) {
        lite_close(&l->store);
        return rc;
    }
    *out = &l->store;
    return VDO_OK;
}
