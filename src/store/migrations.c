#include "store/migrations.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { NUMBER_DIGITS = 4, FILES_MAX = 10000 };

void migrations_free(struct migrations *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free(all->item[i].name);
        buf_free(&all->item[i].sql);
    }
    free(all->item);
    *all = (struct migrations){0};
}

/* "0001_tenants.sql"; *number is 1. */
static bool is_migration(const char *name, unsigned int *number)
{
    size_t len = strlen(name);

    if (strspn(name, "0123456789") != NUMBER_DIGITS || name[NUMBER_DIGITS] != '_' ||
        len < NUMBER_DIGITS + 6 || strcmp(name + len - 4, ".sql") != 0)
        return false;
    *number = (unsigned int)strtoul(name, NULL, 10);
    return *number > 0;
}

static int by_number(const void *a, const void *b)
{
    const struct migration *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

int migrations_read_sql(const char *folder, const char *name, struct buf *out, struct err *err)
{
    char path[PATH_MAX];
    int res;

    res = str_printf(path, sizeof(path), "%s/%s", folder, name);
    if (res)
        return err_sys(err, res, "%s/%s", folder, name);
    res = file_read(path, out, err);
    if (!res && strlen(out->data) != out->len)
        res = err_set(err, -EINVAL, "%s: has a NUL byte", path);
    return res;
}

static int add_migration(struct migrations *all, const char *folder, const char *name,
                         unsigned int number, struct err *err)
{
    struct migration *grown, *added;
    int res;

    if (all->count >= FILES_MAX)
        return err_set(err, -E2BIG, "%s: more than %d migrations", folder, FILES_MAX);
    grown = realloc(all->item, (all->count + 1) * sizeof(*grown));
    if (!grown)
        return err_set(err, -ENOMEM, "out of memory");
    all->item = grown;
    added = &grown[all->count++];
    *added = (struct migration){.number = number, .name = strdup(name)};
    buf_init(&added->sql, MIGRATIONS_SQL_MAX);
    if (!added->name)
        return err_set(err, -ENOMEM, "out of memory");
    res = migrations_read_sql(folder, name, &added->sql, err);
    if (!res && crypto_sha256_hex(added->sql.data, added->sql.len, added->sha256))
        res = err_set(err, -EIO, "SHA-256 is not available");
    return res;
}

static int check_numbers(const struct migrations *all, const char *folder, struct err *err)
{
    for (size_t i = 1; i < all->count; i++)
        if (all->item[i].number == all->item[i - 1].number)
            return err_set(err, -EINVAL, "%s: %s and %s have the same number", folder,
                           all->item[i - 1].name, all->item[i].name);
    return 0;
}

static int read_folder(struct migrations *all, const char *folder, struct err *err)
{
    const struct dirent *entry;
    unsigned int number;
    int res = 0;
    DIR *dir;

    dir = opendir(folder);
    if (!dir)
        return err_sys(err, -errno, "migrations %s", folder);
    while (!res && (entry = readdir(dir)))
        if (is_migration(entry->d_name, &number))
            res = add_migration(all, folder, entry->d_name, number, err);
    closedir(dir);
    if (res)
        return res;
    if (all->count)
        qsort(all->item, all->count, sizeof(*all->item), by_number);
    return check_numbers(all, folder, err);
}

static struct migration *find_number(const struct migrations *all, const char *number)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->item[i].number == strtoul(number, NULL, 10))
            return &all->item[i];
    return NULL;
}

/* One row of voip.schema_migrations against its file. */
static int match_row(const struct migrations *all, const PGresult *rows, int row,
                     const char *folder, struct err *err)
{
    const char *number = PQgetvalue(rows, row, 0), *name = PQgetvalue(rows, row, 1);
    struct migration *migration = find_number(all, number);

    if (!migration)
        return err_set(err, -EINVAL,
                       "migration %s was applied to this database and is not in %s: the database "
                       "belongs to a newer version of the program",
                       name, folder);
    if (strcmp(migration->sha256, PQgetvalue(rows, row, 2)) != 0)
        return err_set(err, -EINVAL,
                       "%s/%s was changed after it had been applied: put it back as it was, and "
                       "make the change in a new migration",
                       folder, migration->name);
    migration->applied = true;
    return 0;
}

static int match_applied(PGconn *conn, const struct migrations *all, const char *folder,
                         struct err *err)
{
    PGresult *rows = NULL;
    int res;

    res = pg_query(conn, "SELECT to_regclass('voip.schema_migrations')", 0, NULL, &rows, err);
    if (res)
        return res;
    if (PQgetisnull(rows, 0, 0)) {
        PQclear(rows);
        return 0;
    }
    PQclear(rows);
    res = pg_query(conn, "SELECT number, name, sha256 FROM voip.schema_migrations ORDER BY number",
                   0, NULL, &rows, err);
    if (res)
        return res;
    for (int row = 0; !res && row < PQntuples(rows); row++)
        res = match_row(all, rows, row, folder, err);
    PQclear(rows);
    return res;
}

static int check_order(const struct migrations *all, const char *folder, struct err *err)
{
    const struct migration *pending = NULL;

    for (size_t i = 0; i < all->count; i++) {
        if (!all->item[i].applied)
            pending = &all->item[i];
        else if (pending)
            return err_set(err, -EINVAL,
                           "%s/%s is new but %s has been applied: give it the next free number",
                           folder, pending->name, all->item[i].name);
    }
    return 0;
}

int migrations_compare(struct migrations *all, PGconn *conn, const char *folder,
                       struct migrate_state *state, struct err *err)
{
    int res;

    res = read_folder(all, folder, err);
    if (!res)
        res = match_applied(conn, all, folder, err);
    if (!res)
        res = check_order(all, folder, err);
    if (res)
        return res;
    *state = (struct migrate_state){0};
    for (size_t i = 0; i < all->count; i++) {
        state->applied += all->item[i].applied;
        state->pending += !all->item[i].applied;
        state->latest = all->item[i].number;
    }
    return 0;
}
