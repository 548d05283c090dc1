/* dialplane prompt: the audio of a tenant's own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/prompt_audio.h"
#include "base/log.h"
#include "cmd/common.h"
#include "cmd/verbs.h"
#include "store/pg.h"

enum { QUERY_MS = 30000 };

struct options {
    const char *tenant, *add, *file, *remove;
};

/* Says so when the statement has found nothing. */
static int change(PGconn *conn, const char *sql, int count, const char *const values[],
                  const char *nothing, struct err *err)
{
    PGresult *rows = NULL;
    int res = pg_query(conn, sql, count, values, &rows, err);

    if (!res && strcmp(PQcmdTuples(rows), "0") == 0)
        res = err_set(err, -ENOENT, "%s", nothing);
    PQclear(rows);
    return res;
}

static int add(PGconn *conn, const struct options *options, struct err *err)
{
    struct buf hex;
    int res;

    buf_init(&hex, PROMPT_HEX_MAX);
    res = prompt_audio_read(options->file, &hex, err);
    if (!res)
        res = change(conn,
                     "INSERT INTO voip.prompts (domain_id, name, audio) "
                     "SELECT id, $2, $3::bytea FROM voip.domains WHERE name = $1 "
                     "ON CONFLICT (domain_id, name) DO UPDATE SET audio = excluded.audio",
                     3, (const char *const[]){options->tenant, options->add, hex.data},
                     "there is no such tenant", err);
    buf_free(&hex);
    return res;
}

static int drop(PGconn *conn, const struct options *options, struct err *err)
{
    return change(conn,
                  "DELETE FROM voip.prompts p USING voip.domains d "
                  "WHERE d.id = p.domain_id AND d.name = $1 AND p.name = $2",
                  2, (const char *const[]){options->tenant, options->remove},
                  "there is no such prompt", err);
}

static int list(PGconn *conn, const struct options *options, struct err *err)
{
    PGresult *rows = NULL;
    char used[1024];
    int res = pg_query(conn,
                       "SELECT p.name, round((length(p.audio) - 44) / 2.0 / p.rate, 1), p.rate, "
                       "(SELECT string_agg(u.used_by, ', ' ORDER BY u.used_by) "
                       " FROM voip.vw_used_by u "
                       " WHERE u.used_table = 'prompts' AND u.used_id = p.id) "
                       "FROM voip.prompts p JOIN voip.domains d ON d.id = p.domain_id "
                       "WHERE d.name = $1 ORDER BY p.name",
                       1, &options->tenant, &rows, err);

    for (int i = 0; !res && i < PQntuples(rows); i++) {
        /* Names of things are the tenant's own words. */
        log_escape(used, sizeof(used), PQgetvalue(rows, i, 3));
        printf("custom/%s  %s s, %s Hz%s%s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1),
               PQgetvalue(rows, i, 2), used[0] ? ", used by " : "", used);
    }
    PQclear(rows);
    return res;
}

static int run(const struct cmd_node *node, const struct options *options, struct err *err)
{
    const struct pg_target target = cmd_target(node, SECRET_DB_ADMIN, "dialplane prompt", QUERY_MS);
    PGconn *conn = NULL;
    int res = pg_connect(&conn, &target, err);

    if (res)
        return res;
    if (options->add)
        res = add(conn, options, err);
    else if (options->remove)
        res = drop(conn, options, err);
    else
        res = list(conn, options, err);
    PQfinish(conn);
    return res;
}

int cmd_prompt(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"tenant", "DOMAIN", "whose", &chosen.tenant, NULL},
        {"add", "NAME", "add or replace the prompt custom/NAME by --file", &chosen.add, NULL},
        {"file", "FILE", "WAV, 16-bit PCM, mono, 8 or 16 kHz, ten minutes at most", &chosen.file,
         NULL},
        {"remove", "NAME", "remove it, unless something uses it", &chosen.remove, NULL},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "List the prompts of a tenant's own, add or remove one", options,
                   &args, &status))
        return status;
    if (!chosen.tenant || !chosen.add != !chosen.file || (chosen.add && chosen.remove)) {
        fprintf(stderr,
                "dialplane prompt: --tenant, and to add one --add with --file, or --remove\n");
        return CMD_USAGE;
    }
    res = cmd_open(&node, &args, &err);
    if (!res) {
        res = run(&node, &chosen, &err);
        cmd_close(&node);
    }
    return res ? cmd_fail("prompt", &err) : CMD_OK;
}
