#include "tenant/load.h"

#include <errno.h>
#include <string.h>

#include "tenant/build.h"
#include "tenant/load_private.h"
#include "tenant/rows.h"

#define TENANT "SELECT id, timezone FROM voip.domains WHERE name = $1 AND enabled"

enum { TEXTS_MAX = 256 * 1024 };

/* All tables are read from one state of the database, so no reference leads nowhere. */
#define BEGIN "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
/* All rows of a tenant are joined with all of its others. Of a tenant that has just come (an
 * import) PostgreSQL thinks that it has few, and would go through its users once for each
 * extension: of 1,000 that is 0.1 s for every change. */
#define JOIN_ALL "SET LOCAL enable_nestloop = off"

static int add_rows(struct snapshot *snapshot, const struct load_step *step, struct rows *rows)
{
    int res;

    snapshot_reserve(snapshot, step->table, rows->count);
    while ((res = rows_next(rows)) > 0)
        step->add(snapshot, rows);
    return res;
}

bool snapshot_step(size_t index, enum snapshot_table *table, size_t *columns)
{
    if (index >= load_steps_count)
        return false;
    *table = load_steps[index].table;
    *columns = load_steps[index].columns;
    return true;
}

int snapshot_schema(char out[CRYPTO_SHA256_HEX])
{
    struct buf texts;
    int res;

    buf_init(&texts, TEXTS_MAX);
    buf_add(&texts, TENANT, sizeof(TENANT));
    for (size_t i = 0; i < load_steps_count; i++)
        buf_add(&texts, load_steps[i].sql, strlen(load_steps[i].sql) + 1);
    res = buf_error(&texts);
    if (!res)
        res = crypto_sha256_hex(texts.data, texts.len, out);
    buf_free(&texts);
    return res;
}

static int command(struct listen *db, const char *sql, struct err *err)
{
    PGresult *result = NULL;
    int res = listen_query(db, sql, 0, NULL, &result, err);

    PQclear(result);
    return res;
}

static int load_table(struct listen *db, const struct load_step *step, const char *id,
                      struct snapshot *snapshot, struct buf *copy, struct err *err)
{
    const char *const values[] = {id};
    PGresult *result = NULL;
    struct rows rows;
    int res = listen_query(db, step->sql, 1, values, &result, err);

    if (res)
        return res;
    res = rows_of_result(&rows, result, step->columns, step->required);
    if (!res)
        res = add_rows(snapshot, step, &rows);
    if (!res && copy)
        copy_add(copy, result);
    PQclear(result);
    return res ? err_set(err, res, "not the rows that were asked for: %s", step->sql) : 0;
}

/* Hands out what was built, unless something was or is wrong with it. */
static int publish(struct snapshot *snapshot, int res, struct snapshot **out, struct err *err)
{
    if (!res) {
        res = snapshot_publish(snapshot);
        if (res)
            err_sys(err, res, "the rows do not fit together");
    }
    if (res)
        snapshot_unref(snapshot);
    else
        *out = snapshot;
    return res;
}

/* Within the transaction. */
static int load_all(struct listen *db, const char *domain, struct snapshot **out, struct buf *copy,
                    struct err *err)
{
    const char *const values[] = {domain};
    char schema[CRYPTO_SHA256_HEX];
    struct snapshot *snapshot = NULL;
    PGresult *row = NULL;
    int res = snapshot_schema(schema);

    if (res)
        return err_sys(err, res, "the digest of the statements");
    res = listen_query(db, TENANT, 1, values, &row, err);
    if (res)
        return res;
    res = -ENOENT;
    if (PQntuples(row) == 1)
        res = snapshot_new(&snapshot, domain, PQgetvalue(row, 0, 1));
    if (!res && copy)
        copy_begin(copy, schema, domain, PQgetvalue(row, 0, 1));
    for (size_t i = 0; i < load_steps_count && !res; i++)
        res = load_table(db, &load_steps[i], PQgetvalue(row, 0, 0), snapshot, copy, err);
    PQclear(row);
    return publish(snapshot, res, out, err);
}

int snapshot_load(struct listen *db, const char *domain, struct snapshot **out, struct buf *copy,
                  struct err *err)
{
    int res = command(db, BEGIN, err);

    if (res)
        return res;
    res = command(db, JOIN_ALL, err);
    if (!res)
        res = load_all(db, domain, out, copy, err);
    /* Only so that the transaction ends: nothing was written. A connection that is lost here is
     * lost for the next statement as well, which will say so. */
    command(db, "COMMIT", NULL);
    return res;
}

static int read_tables(struct snapshot *snapshot, struct copy *copy, struct err *err)
{
    struct rows rows;
    int res = 0;

    for (size_t i = 0; i < load_steps_count && !res; i++) {
        res = rows_of_copy(&rows, copy, load_steps[i].columns, load_steps[i].required);
        if (!res)
            res = add_rows(snapshot, &load_steps[i], &rows);
    }
    if (!res && copy->at != copy->end)
        res = -EBADMSG;
    return res ? err_set(err, res, "not the tables of a tenant") : 0;
}

int snapshot_of_copy(const char *data, size_t len, const char *domain, struct snapshot **out,
                     struct err *err)
{
    char schema[CRYPTO_SHA256_HEX];
    struct snapshot *snapshot = NULL;
    struct copy copy;
    int res = snapshot_schema(schema);

    if (res)
        return err_sys(err, res, "the digest of the statements");
    res = copy_open(&copy, data, len, schema, domain);
    if (res == -ESTALE)
        return err_set(err, res, "made by another version of this program");
    if (res)
        return err_set(err, res, "damaged, or of another tenant");
    res = snapshot_new(&snapshot, domain, copy.timezone);
    if (res)
        return err_sys(err, res, "building the snapshot");
    res = publish(snapshot, read_tables(snapshot, &copy, err), out, err);
    return res == -EINVAL ? -EBADMSG : res;
}

int snapshot_domains(struct listen *db, void (*each)(const char *domain, void *arg), void *arg,
                     struct err *err)
{
    PGresult *rows = NULL;
    int res = listen_query(db, "SELECT name FROM voip.domains WHERE enabled ORDER BY name", 0, NULL,
                           &rows, err);

    if (res)
        return res;
    for (int row = 0; row < PQntuples(rows); row++)
        each(PQgetvalue(rows, row, 0), arg);
    PQclear(rows);
    return 0;
}
