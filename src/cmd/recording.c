/* dialplane recording: what is recorded, for operators. */
#include "cmd/recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/verbs.h"
#include "store/pg.h"

enum { QUERY_MS = 60000 };

static int list(PGconn *conn, const struct cmd_node *node, const struct recording_options *options,
                struct err *err)
{
    static const char sql[] =
        "SELECT id, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " domain, call_id, node, duration_ms / 1000, bytes, format,"
        " concat_ws(',', CASE WHEN key_id IS NOT NULL THEN 'encrypted' END,"
        " CASE WHEN legal_hold THEN 'held' END, CASE WHEN deleted_at IS NOT NULL THEN 'deleted'"
        " WHEN missing_at IS NOT NULL THEN 'missing' END)"
        " FROM voip.recordings WHERE ($1::text IS NULL OR domain = $1)"
        " AND ($2::uuid IS NULL OR call_id = $2) AND ($3::uuid IS NULL OR id = $3)"
        " ORDER BY started_at DESC LIMIT 10000";
    const char *const values[] = {options->tenant, options->call, options->id};
    PGresult *rows = NULL;
    int res = pg_query(conn, sql, (int)DP_COUNT(values), values, &rows, err);

    (void)node;
    for (int i = 0; !res && i < PQntuples(rows); i++)
        printf("%s  %s  %s  call %s  on %s  %s s  %s bytes  %s  %s\n", PQgetvalue(rows, i, 0),
               PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2), PQgetvalue(rows, i, 3),
               PQgetvalue(rows, i, 4), PQgetvalue(rows, i, 5), PQgetvalue(rows, i, 6),
               PQgetvalue(rows, i, 7), PQgetvalue(rows, i, 8));
    PQclear(rows);
    return res;
}

static int set_hold(PGconn *conn, const char *id, const char *held, struct err *err)
{
    const char *const values[] = {id, held};
    PGresult *rows = NULL;
    int res = pg_query(conn,
                       "UPDATE voip.recordings SET legal_hold = $2::boolean"
                       " WHERE id = $1 AND deleted_at IS NULL",
                       2, values, &rows, err);

    if (!res && strcmp(PQcmdTuples(rows), "0") == 0)
        res = err_set(err, -ENOENT, "there is no such recording, or it is deleted");
    PQclear(rows);
    return res;
}

static int hold(PGconn *conn, const struct cmd_node *node, const struct recording_options *options,
                struct err *err)
{
    (void)node;
    return set_hold(conn, options->id, "true", err);
}

static int release(PGconn *conn, const struct cmd_node *node,
                   const struct recording_options *options, struct err *err)
{
    (void)node;
    return set_hold(conn, options->id, "false", err);
}

static const struct action {
    const char *name, *summary;
    bool needs_id;
    int (*run)(PGconn *conn, const struct cmd_node *node, const struct recording_options *options,
               struct err *err);
} actions[] = {
    {"list", "List recordings, the latest first", false, list},
    {"get", "Hand out a recording of this node, decrypted", true, recording_get},
    {"verify", "Compare recordings of this node with their checksums", false, recording_verify},
    {"hold", "Keep a recording, however old it gets", true, hold},
    {"release", "Let a recording go when it is old enough", true, release},
};

static int run(const struct cmd_node *node, const struct action *action,
               const struct recording_options *options, struct err *err)
{
    const struct pg_target target =
        cmd_target(node, SECRET_DB_ADMIN, "dialplane recording", QUERY_MS);
    PGconn *conn = NULL;
    int res = pg_connect(&conn, &target, err);

    if (!res)
        res = action->run(conn, node, options, err);
    PQfinish(conn);
    return res;
}

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < DP_COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static void print_usage(FILE *out)
{
    fprintf(out, "usage: dialplane recording ACTION [OPTION…]\n\n");
    for (size_t i = 0; i < DP_COUNT(actions); i++)
        fprintf(out, "  %-10s %s\n", actions[i].name, actions[i].summary);
    fprintf(out, "\n`dialplane recording ACTION --help` tells the options.\n");
}

static bool check(const struct action *action, const struct recording_options *options)
{
    if (action->needs_id && !options->id)
        fprintf(stderr, "dialplane recording %s: --id says which one\n", action->name);
    else if ((options->id && !str_is_uuid(options->id)) ||
             (options->call && !str_is_uuid(options->call)))
        fprintf(stderr, "dialplane recording %s: --id and --call are UUIDs\n", action->name);
    else
        return true;
    return false;
}

int cmd_recording(int argc, char **argv)
{
    const struct action *action = argc > 1 ? find_action(argv[1]) : NULL;
    struct recording_options chosen = {0};
    const struct cmd_option options[] = {
        {"tenant", "DOMAIN", "list: of this tenant", &chosen.tenant, NULL},
        {"call", "UUID", "list: of this call", &chosen.call, NULL},
        {"id", "UUID", "of the recording", &chosen.id, NULL},
        {"out", "FILE", "get: write there instead of to standard output", &chosen.out, NULL},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!action) {
        bool wants_help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));

        print_usage(wants_help ? stdout : stderr);
        return wants_help ? CMD_OK : CMD_USAGE;
    }
    if (!cmd_parse(argc - 1, argv + 1, action->summary, options, &args, &status))
        return status;
    if (!check(action, &chosen))
        return CMD_USAGE;
    res = cmd_open(&node, &args, &err);
    if (!res) {
        res = run(&node, action, &chosen, &err);
        cmd_close(&node);
    }
    return res ? cmd_fail("recording", &err) : CMD_OK;
}
