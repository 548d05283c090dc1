#include "tenant/load.h"

#include <errno.h>
#include <stdlib.h>

#include "tenant/build.h"

/* All tables are read from one state of the database, so no reference leads nowhere. */
#define BEGIN "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

static const char *text_at(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

/* The column is an integer of the database, or null, which counts as 0. */
static long long int_at(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static void add_user(struct snapshot *snapshot, const PGresult *rows, int row)
{
    snapshot_add_user(snapshot, &(struct snapshot_user){
                                    .username = text_at(rows, row, 0),
                                    .display_name = text_at(rows, row, 1),
                                    .ha1 = text_at(rows, row, 2),
                                });
}

static void add_extension(struct snapshot *snapshot, const PGresult *rows, int row)
{
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = text_at(rows, row, 0),
                                         .type = text_at(rows, row, 1),
                                         .username = text_at(rows, row, 2),
                                         .mailbox = text_at(rows, row, 3),
                                         .menu = int_at(rows, row, 4),
                                     });
}

static void add_menu(struct snapshot *snapshot, const PGresult *rows, int row)
{
    snapshot_add_menu(snapshot, &(struct snapshot_menu){
                                    .id = int_at(rows, row, 0),
                                    .greeting = text_at(rows, row, 1),
                                    .invalid = text_at(rows, row, 2),
                                    .timeout_ms = (int)int_at(rows, row, 3),
                                    .tries = (int)int_at(rows, row, 4),
                                });
}

static void add_entry(struct snapshot *snapshot, const PGresult *rows, int row)
{
    snapshot_add_entry(snapshot, int_at(rows, row, 0),
                       &(struct snapshot_entry){
                           .digit = text_at(rows, row, 1),
                           .number = text_at(rows, row, 2),
                       });
}

static void add_mailbox(struct snapshot *snapshot, const PGresult *rows, int row)
{
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){
                                       .mailbox = text_at(rows, row, 0),
                                       .pin_ha1 = text_at(rows, row, 1),
                                       .email = text_at(rows, row, 2),
                                       .owner = text_at(rows, row, 3),
                                   });
}

/* $1 is the id of the tenant. The order of the entries is what snapshot_add_entry asks for. */
static const struct step {
    enum snapshot_table table;
    void (*add)(struct snapshot *snapshot, const PGresult *rows, int row);
    const char *sql;
} steps[] = {
    {SNAPSHOT_USERS, add_user,
     "SELECT username, display_name, ha1 FROM voip.users WHERE domain_id = $1 AND enabled"},
    {SNAPSHOT_EXTENSIONS, add_extension,
     "SELECT e.number, e.type, u.username, b.mailbox, e.ivr_menu_id FROM voip.extensions e "
     "LEFT JOIN voip.users u ON u.id = e.user_id AND u.enabled "
     "LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id WHERE e.domain_id = $1"},
    {SNAPSHOT_MENUS, add_menu,
     "SELECT id, greeting, invalid, timeout_ms, tries FROM voip.ivr_menus WHERE domain_id = $1"},
    {SNAPSHOT_ENTRIES, add_entry,
     "SELECT i.menu_id, i.digit, e.number FROM voip.ivr_entries i "
     "JOIN voip.extensions e ON e.id = i.extension_id WHERE i.domain_id = $1 "
     "ORDER BY i.menu_id, i.digit"},
    {SNAPSHOT_MAILBOXES, add_mailbox,
     "SELECT b.mailbox, b.pin_ha1, b.email, u.username FROM voip.voicemail_boxes b "
     "LEFT JOIN voip.users u ON u.id = b.user_id WHERE b.domain_id = $1"},
};

static int command(struct listen *db, const char *sql, struct err *err)
{
    PGresult *result = NULL;
    int res = listen_query(db, sql, 0, NULL, &result, err);

    PQclear(result);
    return res;
}

static int load_table(struct listen *db, const struct step *step, const char *id,
                      struct snapshot *snapshot, struct err *err)
{
    const char *const values[] = {id};
    PGresult *rows = NULL;
    int res = listen_query(db, step->sql, 1, values, &rows, err);

    if (res)
        return res;
    snapshot_reserve(snapshot, step->table, (size_t)PQntuples(rows));
    for (int row = 0; row < PQntuples(rows); row++)
        step->add(snapshot, rows, row);
    PQclear(rows);
    return 0;
}

/* Within the transaction. */
static int load_all(struct listen *db, const char *domain, struct snapshot **out, struct err *err)
{
    const char *const values[] = {domain};
    struct snapshot *snapshot = NULL;
    PGresult *row = NULL;
    int res;

    res = listen_query(db, "SELECT id, timezone FROM voip.domains WHERE name = $1 AND enabled", 1,
                       values, &row, err);
    if (res)
        return res;
    res = -ENOENT;
    if (PQntuples(row) == 1)
        res = snapshot_new(&snapshot, domain, PQgetvalue(row, 0, 1));
    for (size_t i = 0; i < DP_COUNT(steps) && !res; i++)
        res = load_table(db, &steps[i], PQgetvalue(row, 0, 0), snapshot, err);
    PQclear(row);
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

int snapshot_load(struct listen *db, const char *domain, struct snapshot **out, struct err *err)
{
    int res = command(db, BEGIN, err);

    if (res)
        return res;
    res = load_all(db, domain, out, err);
    /* Only so that the transaction ends: nothing was written. A connection that is lost here is
     * lost for the next statement as well, which will say so. */
    command(db, "COMMIT", NULL);
    return res;
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
