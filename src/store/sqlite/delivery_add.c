#include "vdo/base/mem.h"

#include "body.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* GitHub shows a delivery for three days; a week leaves room for slow hands. */
#define SAME_BODY_MS (7LL * 24 * 3600 * 1000)

/* A delivery on its way to the writer: one block of memory with its texts behind it. */
struct adding {
    struct write_op op;
    struct store *store;
    store_added_fn done;
    void *arg;
    enum delivery_add outcome;
    int64_t received_at_ms;
    unsigned char sha256[SHA256_SIZE];
    const char *guid;
    const char *event;
    const char *body; /* packed */
    size_t body_len;
    size_t body_raw_len;
    char texts[];
};

/* The small index: its entries are 8 bytes instead of 32. */
static int64_t body_key(const unsigned char sha[SHA256_SIZE])
{
    int64_t key;

    memcpy(&key, sha, sizeof(key));
    return key;
}

static int put_body(struct conn *c, int64_t seq, const struct adding *a, struct err *err)
{
    return conn_run(c,
                    "INSERT INTO delivery_bodies (seq, body, raw_len) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT DO UPDATE SET body = ?2, raw_len = ?3",
                    VALUES(INT(seq), BLOB(a->body, a->body_len), INT((int64_t)a->body_raw_len)),
                    err);
}

/* A second hearing: "failed before" runs again, everything else is known already. */
static int hear_again(struct conn *c, struct adding *a, int64_t seq, enum delivery_state state,
                      struct err *err)
{
    int rc;

    a->outcome = DELIVERY_SEEN;
    if (state != DELIVERY_FAILED && state != DELIVERY_DEAD)
        return VDO_OK;
    a->outcome = DELIVERY_AGAIN;
    rc = conn_run(c,
                  "UPDATE deliveries SET state = 0, claimed_by = NULL, run_at_ms = ?2, "
                  "attempts = CASE state WHEN 3 THEN 0 ELSE attempts END WHERE seq = ?1",
                  VALUES(INT(seq), INT(lite_now_ms(a->store))), err);
    return rc ? rc : put_body(c, seq, a, err);
}

static int find_same_body(struct conn *c, const struct adding *a, char **out_guid, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c,
                        "SELECT guid FROM deliveries WHERE body_key = ?1 AND sha256 = ?2 "
                        "AND event = ?3 AND received_at_ms > ?4 ORDER BY seq LIMIT 1",
                        VALUES(INT(body_key(a->sha256)), BLOB(a->sha256, SHA256_SIZE),
                               TEXT(a->event), INT(a->received_at_ms - SAME_BODY_MS)),
                        &stmt, err);

    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    *out_guid = column_dup(stmt, 0);
    sqldb_reset(stmt);
    return VDO_OK;
}

/* VDO_E_NOT_FOUND: the guid is there already. */
static int insert(struct conn *c, struct adding *a, enum delivery_state state, const char *reason,
                  struct err *err)
{
    return conn_change(
        c,
        "INSERT INTO deliveries (guid, event, sha256, body_key, state, reason, received_at_ms, "
        "run_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (guid) DO NOTHING",
        VALUES(TEXT(a->guid), TEXT(a->event), BLOB(a->sha256, SHA256_SIZE),
               INT(body_key(a->sha256)), INT(state), TEXT(reason), INT(a->received_at_ms)),
        err);
}

static int find_and_hear_again(struct conn *c, struct adding *a, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    enum delivery_state state;
    int64_t seq;
    int rc = conn_first(c, "SELECT seq, state FROM deliveries WHERE guid = ?1",
                        VALUES(TEXT(a->guid)), &stmt, err);

    if (rc)
        return rc;
    seq = sqldb_int64(stmt, 0);
    state = (enum delivery_state)sqldb_int64(stmt, 1);
    sqldb_reset(stmt);
    return hear_again(c, a, seq, state, err);
}

static int add(struct conn *c, void *arg, struct err *err)
{
    struct adding *a = arg;
    AUTO_FREE char *other = NULL;
    AUTO_FREE char *reason = NULL;
    int rc = find_same_body(c, a, &other, err);

    if (rc)
        return rc;
    a->outcome = other ? DELIVERY_SAME_BODY : DELIVERY_NEW;
    if (other)
        reason = xasprintf("ignored: same body as delivery %s", other);
    rc = insert(c, a, other ? DELIVERY_DONE : DELIVERY_PENDING, reason, err);
    if (rc == VDO_E_NOT_FOUND)
        return find_and_hear_again(c, a, err);
    if (rc || other)
        return rc;
    return put_body(c, sqldb_last_insert_id(conn_db(c)), a, err);
}

static void tell(struct write_op *op)
{
    struct adding *a = (struct adding *)(void *)op;

    a->done(a->arg, op->rc, a->outcome, op->rc ? &op->failure : NULL);
    free(a);
}

static const char *append(char **at, const char *text, size_t len)
{
    char *start = *at;

    if (len)
        memcpy(start, text, len);
    start[len] = '\0';
    *at = start + len + 1;
    return start;
}

static struct adding *copy_delivery(const struct delivery *d)
{
    size_t guid_len = strlen(d->guid);
    size_t event_len = strlen(d->event);
    size_t len;
    size_t raw_len;
    AUTO_FREE char *body = body_pack(d->body, d->body_len, &len, &raw_len);
    struct adding *a = xmalloc(sizeof(*a) + guid_len + event_len + len + 3);
    char *at = a->texts;

    memset(a, 0, sizeof(*a));
    a->guid = append(&at, d->guid, guid_len);
    a->event = append(&at, d->event, event_len);
    a->body = append(&at, body, len);
    a->body_len = len;
    a->body_raw_len = raw_len;
    a->received_at_ms = d->received_at_ms;
    a->op.cost = sizeof(*a) + len;
    return a;
}

int lite_delivery_add(struct store *store, const struct delivery *delivery, store_added_fn done,
                      void *arg, struct err *err)
{
    struct adding *a = copy_delivery(delivery);
    int rc;

    if (!hex_decode(delivery->sha256, strlen(delivery->sha256), a->sha256, SHA256_SIZE))
        sha256(delivery->body, delivery->body_len, a->sha256);
    a->store = store;
    a->done = done;
    a->arg = arg;
    a->op.fn = add;
    a->op.arg = a;
    a->op.done = tell;
    rc = writer_submit(lite_of(store)->writer, &a->op, err);
    if (rc)
        free(a);
    return rc;
}
