#include "vdo/base/assets.h"
#include "vdo/base/mem.h"

#include "lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "migrations/sqlite/";

/* "VDO1": tells our files from other SQLite files. */
enum { APPLICATION_ID = 0x56444F31 };

/* The number in front of a migration's name; 0 for other assets. */
static int64_t number_of(const char *name)
{
    if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    return strtoll(name + sizeof(prefix) - 1, NULL, 10);
}

static int64_t newest_known(void)
{
    int64_t newest = 0;
    const char *name;

    for (size_t i = 0; (name = assets_name(i)); i++)
        if (number_of(name) > newest)
            newest = number_of(name);
    return newest;
}

static int apply(struct conn *c, const char *name, int64_t number, struct err *err)
{
    struct sqldb *db = conn_db(c);
    AUTO_FREE char *sql = NULL;
    int64_t version = 0;
    int rc = assets_load(name, &sql, NULL, err);

    if (!rc)
        rc = sqldb_begin(db, err);
    if (rc)
        return rc;
    /* Another process may have been quicker. */
    rc = sqldb_user_version(db, &version, err);
    if (!rc && version < number) {
        rc = sqldb_exec(db, sql, err);
        if (!rc)
            rc = sqldb_set_user_version(db, number, err);
    }
    if (rc) {
        sqldb_rollback(db);
        return err_wrap(err, "migration %s", name + sizeof(prefix) - 1);
    }
    return sqldb_commit(db, err);
}

static int check_ours(struct conn *c, const char *path, int64_t version, struct err *err)
{
    int64_t application = 0;
    int64_t tables = 0;
    int rc = sqldb_query_int64(conn_db(c), "PRAGMA application_id", &application, err);

    if (!rc)
        rc = sqldb_query_int64(conn_db(c), "SELECT count(*) FROM sqlite_master", &tables, err);
    if (rc)
        return rc;
    if (tables > 0 && application != APPLICATION_ID)
        return err_set(err, VDO_E_REFUSED,
                       "%s is a database of another program; give another path for the store",
                       path);
    if (version > newest_known())
        return err_set(
            err, VDO_E_REFUSED,
            "%s was made by a newer vdo (schema %lld, this one knows %lld); install that "
            "version or newer, or give another path for the store",
            path, (long long)version, (long long)newest_known());
    return VDO_OK;
}

int lite_migrate(struct conn *c, const char *path, struct err *err)
{
    AUTO_FREE char *mark = xasprintf("PRAGMA application_id = %d", APPLICATION_ID);
    int64_t version = 0;
    const char *name;
    int rc = sqldb_user_version(conn_db(c), &version, err);

    if (!rc)
        rc = check_ours(c, path, version, err);
    if (!rc && version == 0)
        rc = sqldb_exec(conn_db(c), mark, err);
    for (size_t i = 0; !rc && (name = assets_name(i)); i++)
        if (number_of(name) > version)
            rc = apply(c, name, number_of(name), err);
    return rc;
}
