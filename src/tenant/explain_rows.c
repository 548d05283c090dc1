#include "tenant/explain_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/pg.h"

/* $1 tenant, $2 name: the columns behind the edge's keys. */
#define ROW_OF(table)                                                                              \
    "SELECT key_value FROM kamailio.htable_" table " WHERE domain = $1 AND name = $2"

static const char *const rows[] = {
    [EXPLAIN_USER] = ROW_OF("user"),
    [EXPLAIN_EXT] = ROW_OF("ext"),
    [EXPLAIN_ROUTE] = ROW_OF("route"),
    [EXPLAIN_TRUNK] = ROW_OF("trunk"),
    [EXPLAIN_DID] = ROW_OF("did"),
    [EXPLAIN_LIMIT] = ROW_OF("limit"),
    [EXPLAIN_RECORD] = ROW_OF("record"),
    [EXPLAIN_PREMIUM] = ("SELECT key_value FROM kamailio.htable_premium "
                         "WHERE $1 = '' AND key_name = $2"),
};

/* The local time of a tenant, for people. */
#define LOCAL(at) "to_char(" at " AT TIME ZONE d.timezone, 'YYYY-MM-DD HH24:MI')"

/* $1 tenant, then what enum explain_fact says. */
static const struct {
    int values;
    const char *sql;
} facts[] = {
    [EXPLAIN_TENANT] = {1, "SELECT jsonb_build_object('zone', d.timezone, "
                           "'at', extract(epoch FROM m.at)::bigint, 'local', " LOCAL(
                               "m.at") ") "
                                       "FROM voip.domains d, LATERAL (SELECT coalesce("
                                       "$2::timestamp AT TIME ZONE d.timezone, now()) AS at) m "
                                       "WHERE d.name = $1 AND d.enabled"},
    [EXPLAIN_EXTENSION] = {1, "SELECT voip.explain_extension($1, $2)"},
    [EXPLAIN_SCHEDULE] =
        {2,
         "SELECT jsonb_build_object('state', s.state, "
         "'number', voip.schedule_target($2, s.state), "
         "'override', c.override IS NOT NULL, 'zone', d.timezone, "
         "'local', " LOCAL(
             "to_timestamp($3)") ") "
                                 "FROM voip.schedules c JOIN voip.domains d ON d.id = c.domain_id, "
                                 "LATERAL (SELECT voip.schedule_state(c.id, to_timestamp($3)) "
                                 "AS state) s WHERE c.id = $2 AND d.name = $1"},
    [EXPLAIN_FEATURE] = {3, "SELECT jsonb_build_object('word', voip.try_feature($1, $2, $3, $4))"},
    [EXPLAIN_TRUNK_ID] = {1, "SELECT jsonb_build_object('id', t.id::text, 'enabled', t.enabled) "
                             "FROM voip.trunks t JOIN voip.domains d ON d.id = t.domain_id "
                             "WHERE d.name = $1 AND t.name = $2"},
};

/* The only value of the only row, for free(); NULL when there is none. */
static int ask(PGconn *conn, const char *sql, int count, const char *const values[], char **out,
               struct err *err)
{
    PGresult *result = NULL;
    int res = pg_query(conn, sql, count, values, &result, err);

    if (res)
        return res;
    *out = NULL;
    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0)) {
        *out = strdup(PQgetvalue(result, 0, 0));
        res = *out ? 0 : err_set(err, -ENOMEM, "no memory for a row");
    }
    PQclear(result);
    return res;
}

static int read_row(void *arg, enum explain_table table, const char *domain, const char *name,
                    char **out, struct err *err)
{
    const char *const values[] = {domain, name};

    return ask(arg, rows[table], 2, values, out, err);
}

static int read_fact(void *arg, enum explain_fact fact, const char *domain,
                     const char *const values[3], json_t **out, struct err *err)
{
    const char *const all[] = {domain, values[0], values[1], values[2]};
    char *text = NULL;
    int res = ask(arg, facts[fact].sql, 1 + facts[fact].values, all, &text, err);

    *out = NULL;
    if (text) {
        *out = json_loads(text, JSON_DECODE_ANY, NULL);
        if (!*out)
            res = err_set(err, -EIO, "the database's JSON cannot be read");
    }
    free(text);
    return res;
}

int explain_rows_open(struct explain_source *out, PGconn *conn, struct err *err)
{
    *out = (struct explain_source){.arg = conn, .row = read_row, .fact = read_fact};
    /* Not READ ONLY: what a feature code would do is tried, and taken back (voip.try_feature). */
    return pg_exec(conn, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ", err);
}

void explain_rows_close(struct explain_source *source)
{
    if (source->arg)
        PQclear(PQexec(source->arg, "ROLLBACK"));
    *source = (struct explain_source){0};
}
