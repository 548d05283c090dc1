#include "cmd/access.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum { QUERY_MS = 30000, SQL_MAX = 8192, TOLD_MAX = 4096, CELL_MAX = 2048 };

static void print_usage(FILE *out, const char *name, const struct access_action *actions)
{
    fprintf(out, "usage: dialplane %s ACTION [OPTION…]\n\n", name);
    for (; actions->name; actions++)
        fprintf(out, "  %-10s %s\n", actions->name, actions->summary);
    fprintf(out, "\n`dialplane %s ACTION --help` tells the options.\n", name);
}

void access_shell_name(char out[API_CALLER_NAME_SIZE])
{
    const struct passwd *account = getpwuid(getuid());
    const char *before = getenv("SUDO_USER");

    snprintf(out, API_CALLER_NAME_SIZE, "%s%s%s%s", account ? account->pw_name : "?",
             before ? " (sudo by " : "", before ? before : "", before ? ")" : "");
}

int access_change(struct access_verb *verb, const struct access_change *change, int64_t *id,
                  struct err *err)
{
    bool is_new = strcmp(change->method, "DELETE") != 0;
    struct api_caller caller = {.kind = API_SHELL};
    PGresult *rows = NULL;
    int res;

    res = pg_query(verb->conn, change->sql, change->count, change->values, &rows, err);
    if (!res && PQntuples(rows) == 0)
        res = err_set(err, -ENOENT, "%s", change->missing);
    if (!res) {
        const struct api_audit entry = {
            .domain_id = strtoll(PQgetvalue(rows, 0, 1), NULL, 10),
            .method = change->method,
            .resource = change->resource,
            .object_id = PQgetvalue(rows, 0, 0),
            .before = is_new ? NULL : PQgetvalue(rows, 0, 2),
            .after = is_new ? PQgetvalue(rows, 0, 2) : NULL,
        };

        access_shell_name(caller.name);
        if (id)
            *id = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
        res = api_audit_write(verb->conn, &caller, &entry, err);
    }
    PQclear(rows);
    return res;
}

static void print_rows(const PGresult *rows)
{
    char cell[CELL_MAX];

    for (int row = 0; row < PQntuples(rows); row++) {
        for (int column = 0; column < PQnfields(rows); column++) {
            /* Names are somebody's own words. */
            log_escape(cell, sizeof(cell), PQgetvalue(rows, row, column));
            printf("%s%s", column ? "  " : "", *cell ? cell : "-");
        }
        printf("\n");
    }
}

int access_print(struct access_verb *verb, const char *sql, int count, const char *const values[],
                 struct err *err)
{
    PGresult *rows = NULL;
    struct buf text;
    int res;

    buf_init(&text, SQL_MAX);
    if (verb->json)
        buf_printf(&text, "SELECT jsonb_pretty(coalesce(jsonb_agg(to_jsonb(t)), '[]')) FROM (%s) t",
                   sql);
    else
        buf_add_str(&text, sql);
    res = buf_error(&text) ? err_sys(err, buf_error(&text), "statement")
                           : pg_query(verb->conn, text.data, count, values, &rows, err);
    if (!res && verb->json)
        printf("%s\n", PQgetvalue(rows, 0, 0));
    else if (!res)
        print_rows(rows);
    PQclear(rows);
    buf_free(&text);
    return res;
}

static int run(struct access_verb *verb, const struct access_action *action, struct err *err)
{
    const struct pg_target target =
        cmd_target(&verb->node, SECRET_DB_ADMIN, "dialplane access", QUERY_MS);
    int res = pg_connect(&verb->conn, &target, err);

    if (!res)
        res = pg_exec(verb->conn, "BEGIN", err);
    if (!res)
        res = action->run(verb, err);
    if (!res)
        res = pg_exec(verb->conn, "COMMIT", err);
    PQfinish(verb->conn);
    if (!res && verb->told.len)
        printf("%s", verb->told.data);
    return res;
}

static const struct access_action *find_action(const struct access_action *actions,
                                               const char *name)
{
    for (; actions->name; actions++)
        if (strcmp(actions->name, name) == 0)
            return actions;
    return NULL;
}

static int open_and_run(struct access_verb *verb, const struct access_action *action,
                        const struct cmd_args *args)
{
    struct err err = {""};
    int res;

    buf_init(&verb->told, TOLD_MAX);
    res = cmd_open(&verb->node, args, &err);
    if (!res) {
        res = run(verb, action, &err);
        cmd_close(&verb->node);
    }
    if (verb->told.cap)
        explicit_bzero(verb->told.data, verb->told.cap);
    buf_free(&verb->told);
    return res ? cmd_fail(verb->name, &err) : CMD_OK;
}

int access_run(int argc, char **argv, const struct access_action *actions,
               const struct cmd_option *options, struct access_verb *verb)
{
    const struct access_action *action = argc > 1 ? find_action(actions, argv[1]) : NULL;
    struct cmd_args args;
    int status, first;

    if (!action) {
        bool wants_help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));

        print_usage(wants_help ? stdout : stderr, verb->name, actions);
        return wants_help ? CMD_OK : CMD_USAGE;
    }
    if (!cmd_parse_operands(argc - 1, argv + 1, action->summary, action->operands, options, &args,
                            &first, &status))
        return status;
    verb->operands = argv + 1 + first;
    if (argc - 1 - first != (action->operands ? 1 : 0)) {
        fprintf(stderr, "dialplane %s %s: %s is wanted\n", verb->name, action->name,
                action->operands ? action->operands : "no operand");
        return CMD_USAGE;
    }
    return open_and_run(verb, action, &args);
}
