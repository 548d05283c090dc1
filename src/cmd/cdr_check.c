/* dialplane cdr check: does every call that the edge saw have a record? */
#include "cmd/cdr_check.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cdr.h"
#include "cmd/common.h"
#include "store/pg.h"

enum { QUERY_MS = 600 * 1000, GRACE_MAX_S = 86400 };

struct options {
    const char *since, *domain, *grace;
    bool json;
};

/* As in the result of each list, behind the count. */
static const char *const columns[] = {"started_at", "call_id", "domain", "caller",
                                      "callee",     "node",    "why"};

static const struct {
    const char *name, *title;
} titles[CDR_CHECK_LISTS] = {
    [CDR_CHECK_MISSING] = {"missing", "without a record"},
    [CDR_CHECK_RECONCILED] = {"reconciled", "with a record made up from what the edge saw"},
    [CDR_CHECK_WITHOUT_CALL] = {"without_call", "records of calls that the edge did not see"},
};

/* A record that was made up is one. */
static bool agrees(const struct cdr_check *check)
{
    return check->count[CDR_CHECK_MISSING] == 0 && check->count[CDR_CHECK_WITHOUT_CALL] == 0;
}

/* Names of callers are their own: no control character of theirs reaches the terminal. */
static void print_call(const PGresult *rows, int row)
{
    char line[2048], escaped[4096];

    snprintf(line, sizeof(line), "%s  %s  %s  %s > %s  node %s: %s", PQgetvalue(rows, row, 1),
             PQgetvalue(rows, row, 2), PQgetvalue(rows, row, 3), PQgetvalue(rows, row, 4),
             PQgetvalue(rows, row, 5), PQgetvalue(rows, row, 6), PQgetvalue(rows, row, 7));
    log_escape(escaped, sizeof(escaped), line);
    printf("  %s\n", escaped);
}

static void print_text(const struct cdr_check *check)
{
    char since[CLOCK_UTC_SIZE];

    clock_utc(check->since_us, since);
    printf("since %s\n", since);
    printf("%" PRIu64 " answered calls seen by the edge, %" PRIu64 " of them going on, %" PRIu64
           " just ended\n",
           check->calls, check->running, check->waiting);
    printf("%" PRIu64 " records of answered calls\n", check->records);
    for (int i = 0; i < CDR_CHECK_LISTS; i++) {
        int rows = PQntuples(check->list[i]);

        printf("%" PRIu64 " %s\n", check->count[i], titles[i].title);
        for (int row = 0; row < rows; row++)
            print_call(check->list[i], row);
        if ((uint64_t)rows < check->count[i])
            printf("  … and %" PRIu64 " more\n", check->count[i] - (uint64_t)rows);
    }
}

static json_t *list_json(const PGresult *rows)
{
    json_t *list = json_array();

    for (int row = 0; row < PQntuples(rows); row++) {
        json_t *call = json_object();

        for (size_t i = 0; i < DP_COUNT(columns); i++)
            json_object_set_new(call, columns[i], json_string(PQgetvalue(rows, row, (int)i + 1)));
        json_array_append_new(list, call);
    }
    return list;
}

static void print_json(const struct cdr_check *check)
{
    char since[CLOCK_UTC_SIZE];
    json_t *all, *lists = json_object(), *count = json_object();

    clock_utc(check->since_us, since);
    for (int i = 0; i < CDR_CHECK_LISTS; i++) {
        json_object_set_new(count, titles[i].name, json_integer((json_int_t)check->count[i]));
        json_object_set_new(lists, titles[i].name, list_json(check->list[i]));
    }
    all = json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:o, s:o}", "since", since, "agree",
                    agrees(check), "calls", (json_int_t)check->calls, "running",
                    (json_int_t)check->running, "waiting", (json_int_t)check->waiting, "records",
                    (json_int_t)check->records, "count", count, "list", lists);
    /* Nothing but ASCII: nothing that a terminal could obey. */
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    printf("\n");
    json_decref(all);
}

static int run(const struct cmd_node *node, const struct cdr_check_scope *scope, bool json)
{
    const struct pg_target target =
        cmd_target(node, SECRET_DB_CONTROL, "dialplane cdr check", QUERY_MS);
    struct cdr_check check = {0};
    PGconn *conn = NULL;
    struct err err = {""};
    int res, status;

    res = pg_connect(&conn, &target, &err);
    /* Of times, too, nothing depends on how the server is set up. */
    if (!res)
        res = pg_exec(conn, "SET TIME ZONE 'UTC'", &err);
    if (!res)
        res = cdr_check_run(&check, conn, scope, &err);
    if (res) {
        status = cmd_fail("cdr check", &err);
    } else {
        if (json)
            print_json(&check);
        else
            print_text(&check);
        status = agrees(&check) ? CMD_OK : CMD_FAILED;
    }
    cdr_check_free(&check);
    PQfinish(conn);
    return status;
}

static bool read_options(const struct options *options, struct cdr_check_scope *scope)
{
    if (cdr_check_since(options->since, clock_wall_us(), &scope->since_us)) {
        fprintf(stderr, "dialplane cdr check: --since takes 30m, 1h, 7d, or a date as "
                        "2026-12-01T00:00\n");
        return false;
    }
    scope->domain = options->domain;
    if (options->grace && str_to_u64(options->grace, 0, GRACE_MAX_S, &scope->grace_s)) {
        fprintf(stderr, "dialplane cdr check: --grace takes seconds, 0 to %d\n", GRACE_MAX_S);
        return false;
    }
    return true;
}

int cmd_cdr_check(int argc, char **argv)
{
    struct options chosen = {.since = "1h"};
    const struct cmd_option options[] = {
        {"since", "TIME", "calls that began so long ago at most (1h), or since a date",
         &chosen.since, NULL},
        {"domain", "NAME", "of this tenant only", &chosen.domain, NULL},
        {"grace", "SECONDS", "how long a record may take (as for reconciliation)", &chosen.grace,
         NULL},
        {"json", NULL, "print one object", NULL, &chosen.json},
        {0},
    };
    struct cdr_check_scope scope = {0};
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status;

    if (!cmd_parse(argc, argv,
                   "Compare the calls that the edge saw answered with their records.\n"
                   "Exit status: 0 every call that is over has a record, and every record its\n"
                   "call; 1 not so, or it could not be found out; 2 wrong usage",
                   options, &args, &status))
        return status;
    if (cmd_open(&node, &args, &err))
        return cmd_fail("cdr check", &err);
    scope.grace_s = node.topology->cdr.reconcile_grace;
    status = read_options(&chosen, &scope) ? run(&node, &scope, chosen.json) : CMD_USAGE;
    cmd_close(&node);
    return status;
}
