/* dialplane migrate: the database, its schema and its roles' passwords. */
#include "store/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

#define KAMAILIO_SQL "/usr/share/kamailio/postgres"

struct options {
    const char *folder, *kamailio_sql;
    bool dry_run;
};

static void print_line(void *arg, const char *text)
{
    (void)arg;
    printf("%s\n", text);
}

static const struct migrate_report report = {.line = print_line};

/* Kamailio 6 may be there only in its own tree; the tables of both are the same. */
static int choose_kamailio_sql(const struct cmd_node *node, const char *given, char out[PATH_MAX],
                               struct err *err)
{
    int res;

    if (given)
        res = str_copy(out, PATH_MAX, given);
    else if (access(KAMAILIO_SQL, R_OK) == 0)
        res = str_copy(out, PATH_MAX, KAMAILIO_SQL);
    else
        res = str_printf(out, PATH_MAX, "%s/tree/kamailio6" KAMAILIO_SQL, node->state);
    return res ? err_sys(err, res, "folder of Kamailio's SQL") : 0;
}

static int set_passwords(PGconn *conn, const struct secrets *secrets, struct err *err)
{
    int res = 0;

    for (enum secret secret = 0; !res && secret < SECRET_COUNT; secret++) {
        /* The administrator's own got this connection in: it is right. */
        if (!secret_role(secret) || secret == SECRET_DB_ADMIN)
            continue;
        res = migrate_password(conn, secret_role(secret), secrets->value[secret], err);
    }
    return res;
}

static int migrate(PGconn *conn, const struct cmd_node *node, const struct options *options,
                   struct err *err)
{
    char folder[PATH_MAX], kamailio[PATH_MAX];
    struct migrate_state before;
    int res;

    res = cmd_migrations_folder(node, options->folder, folder, err);
    if (!res)
        res = choose_kamailio_sql(node, options->kamailio_sql, kamailio, err);
    if (!res)
        res = migrate_lock(conn, err);
    if (!res)
        res = migrate_kamailio(conn, kamailio, options->dry_run, &report, err);
    if (!res)
        res = migrate_apply(conn, folder, options->dry_run, &report, &before, err);
    if (!res && !options->dry_run)
        res = set_passwords(conn, &node->secrets, err);
    if (res)
        return res;
    if (options->dry_run)
        printf("%u of %u migrations would be applied\n", before.pending,
               before.applied + before.pending);
    else
        printf("schema is current: migration %u, %u applied now\n", before.latest, before.pending);
    return 0;
}

static int run(const struct cmd_node *node, const struct options *options, struct err *err)
{
    /* A migration takes as long as it takes. */
    const struct pg_target target = cmd_target(node, SECRET_DB_ADMIN, "dialplane migrate", 0);
    PGconn *conn = NULL;
    int res;

    res = migrate_open(&conn, &target, options->dry_run, &report, err);
    /* Of a database that is not there yet, a dry run has said all there is to say. */
    if (res == -ENODATA && options->dry_run)
        return 0;
    if (!res)
        res = migrate(conn, node, options, err);
    PQfinish(conn);
    return res;
}

int cmd_migrate(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"dir", "FOLDER", "the migrations (STATE/share/migrations, db/migrations)", &chosen.folder,
         NULL},
        {"kamailio-sql", "FOLDER", "the SQL of Kamailio's package (" KAMAILIO_SQL ")",
         &chosen.kamailio_sql, NULL},
        {"dry-run", NULL, "only say what would be done", NULL, &chosen.dry_run},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Create the database, or bring its schema up to date", options,
                   &args, &status))
        return status;
    res = cmd_open(&node, &args, &err);
    if (!res)
        res = run(&node, &chosen, &err);
    cmd_close(&node);
    return res ? cmd_fail("migrate", &err) : CMD_OK;
}
