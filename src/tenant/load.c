#include "tenant/load.h"

#include <errno.h>

#include "tenant/build.h"
#include "tenant/rows.h"

/* All tables are read from one state of the database, so no reference leads nowhere. */
#define BEGIN "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

static void add_user(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_user(snapshot, &(struct snapshot_user){
                                    .username = rows_text(rows, 0),
                                    .display_name = rows_text(rows, 1),
                                    .ha1 = rows_text(rows, 2),
                                });
}

static void add_extension(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = rows_text(rows, 0),
                                         .type = rows_text(rows, 1),
                                         .username = rows_text(rows, 2),
                                         .mailbox = rows_text(rows, 3),
                                         .menu = rows_int(rows, 4),
                                         .queue = rows_int(rows, 5),
                                         .conference = rows_int(rows, 6),
                                     });
}

static void add_menu(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_menu(snapshot, &(struct snapshot_menu){
                                    .id = rows_int(rows, 0),
                                    .greeting = rows_text(rows, 1),
                                    .invalid = rows_text(rows, 2),
                                    .timeout_ms = (int)rows_int(rows, 3),
                                    .tries = (int)rows_int(rows, 4),
                                });
}

static void add_entry(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_entry(snapshot, rows_int(rows, 0),
                       &(struct snapshot_entry){
                           .digit = rows_text(rows, 1),
                           .number = rows_text(rows, 2),
                       });
}

static void add_mailbox(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){
                                       .mailbox = rows_text(rows, 0),
                                       .pin_ha1 = rows_text(rows, 1),
                                       .email = rows_text(rows, 2),
                                       .owner = rows_text(rows, 3),
                                   });
}

static void add_queue(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_queue(snapshot, &(struct snapshot_queue){
                                     .id = rows_int(rows, 0),
                                     .name = rows_text(rows, 1),
                                     .strategy = rows_text(rows, 2),
                                     .ring_s = (int)rows_int(rows, 3),
                                     .wrap_up_s = (int)rows_int(rows, 4),
                                     .max_wait_s = (int)rows_int(rows, 5),
                                     .music = rows_text(rows, 6),
                                     .timeout_to = rows_text(rows, 7),
                                     .no_agent_to = rows_text(rows, 8),
                                 });
}

static void add_member(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_member(snapshot, rows_int(rows, 0),
                        &(struct snapshot_member){
                            .username = rows_text(rows, 1),
                            .level = (int)rows_int(rows, 2),
                            .position = (int)rows_int(rows, 3),
                        });
}

static void add_conference(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_conference(snapshot, &(struct snapshot_conference){
                                          .id = rows_int(rows, 0),
                                          .name = rows_text(rows, 1),
                                          .max_members = (int)rows_int(rows, 2),
                                          .announce = rows_int(rows, 3) != 0,
                                          .pin = rows_text(rows, 4),
                                          .moderator_pin = rows_text(rows, 5),
                                      });
}

/*
 * $1 is the id of the tenant. Every statement has an order, so that rows that did not change make
 * the same copy (that of entries and members is what snapshot_add_entry and snapshot_add_member ask
 * for). The columns that may be null come last.
 */
static const struct step {
    enum snapshot_table table;
    void (*add)(struct snapshot *snapshot, const struct rows *rows);
    size_t columns;
    size_t required; /* so many, the first ones, are never null */
    const char *sql;
} steps[] = {
    {SNAPSHOT_USERS, add_user, 3, 3,
     "SELECT username, display_name, ha1 FROM voip.users WHERE domain_id = $1 AND enabled "
     "ORDER BY 1"},
    {SNAPSHOT_EXTENSIONS, add_extension, 7, 2,
     "SELECT e.number, e.type, u.username, b.mailbox, e.ivr_menu_id, e.queue_id, e.conference_id "
     "FROM voip.extensions e "
     "LEFT JOIN voip.users u ON u.id = e.user_id AND u.enabled "
     "LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id WHERE e.domain_id = $1 "
     "ORDER BY 1"},
    {SNAPSHOT_MENUS, add_menu, 5, 5,
     "SELECT id, greeting, invalid, timeout_ms, tries FROM voip.ivr_menus WHERE domain_id = $1 "
     "ORDER BY 1"},
    {SNAPSHOT_ENTRIES, add_entry, 3, 3,
     "SELECT i.menu_id, i.digit, e.number FROM voip.ivr_entries i "
     "JOIN voip.extensions e ON e.id = i.extension_id WHERE i.domain_id = $1 "
     "ORDER BY i.menu_id, i.digit"},
    {SNAPSHOT_MAILBOXES, add_mailbox, 4, 2,
     "SELECT b.mailbox, b.pin_ha1, b.email, u.username FROM voip.voicemail_boxes b "
     "LEFT JOIN voip.users u ON u.id = b.user_id WHERE b.domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_QUEUES, add_queue, 9, 6,
     "SELECT q.id, q.name, q.strategy, q.ring_s, q.wrap_up_s, q.max_wait_s, q.music, t.number, "
     "n.number FROM voip.queues q LEFT JOIN voip.extensions t ON t.id = q.timeout_to "
     "LEFT JOIN voip.extensions n ON n.id = q.no_agent_to WHERE q.domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_MEMBERS, add_member, 4, 4,
     "SELECT m.queue_id, u.username, m.level, m.position FROM voip.queue_members m "
     "JOIN voip.users u ON u.id = m.user_id AND u.enabled WHERE m.domain_id = $1 "
     "ORDER BY m.queue_id, m.level, m.position, u.username"},
    {SNAPSHOT_CONFERENCES, add_conference, 6, 4,
     "SELECT id, name, max_members, announce::int, pin, moderator_pin FROM voip.conferences "
     "WHERE domain_id = $1 ORDER BY 1"},
};

static int add_rows(struct snapshot *snapshot, const struct step *step, struct rows *rows)
{
    int res;

    snapshot_reserve(snapshot, step->table, rows->count);
    while ((res = rows_next(rows)) > 0)
        step->add(snapshot, rows);
    return res;
}

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
    PGresult *result = NULL;
    struct rows rows;
    int res = listen_query(db, step->sql, 1, values, &result, err);

    if (res)
        return res;
    res = rows_of_result(&rows, result, step->columns, step->required);
    if (!res)
        res = add_rows(snapshot, step, &rows);
    PQclear(result);
    return res ? err_set(err, res, "not the rows that were asked for: %s", step->sql) : 0;
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
