/* From what PostgreSQL refuses to an answer: which field it is about, and what to do. */
#include <errno.h>
#include <string.h>

#include "api/api_private.h"
#include "base/log.h"

/* Which columns a constraint is about: the last of a key is the one that people choose. */
#define COLUMNS_OF                                                                                 \
    "SELECT a.attname FROM pg_catalog.pg_constraint c, "                                           \
    "unnest(c.conkey) WITH ORDINALITY k (num, n), pg_catalog.pg_attribute a "                      \
    "WHERE c.conname = $1 AND c.conrelid = to_regclass($2) "                                       \
    "AND a.attrelid = c.conrelid AND a.attnum = k.num AND a.attname <> 'domain_id' ORDER BY n"

/* What is wrong, as PostgreSQL has said it; its strings belong to the result. */
struct refusal {
    const struct api_resource *resource;
    const char *prefix, *state, *message, *hint, *constraint, *table;
    const struct api_column *column; /* NULL: not one alone */
    size_t columns;
};

static const char *field_of(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);

    return text ? text : "";
}

static bool is_of_class(const struct refusal *refusal, const char *class)
{
    return str_starts_with(refusal->state, class);
}

/* A column of the table as the API calls it: own_greeting is made from greeting. */
static const struct api_column *column_of(const struct api_resource *resource, const char *name)
{
    const struct api_column *column = api_column_find(resource, name);

    if (!column && str_starts_with(name, "own_"))
        column = api_column_find(resource, name + 4);
    return column && !(column->flags & API_PARENT) ? column : NULL;
}

/* Outside of the request's transaction, or behind its savepoint: what was done is of no more use.
 * Anybody may read the catalog. */
static void find_column(struct api_request *request, struct refusal *refusal)
{
    const char *savepoint = request->savepoint;
    char table[160], back[64];
    const char *values[] = {refusal->constraint, table};
    PGresult *rows = NULL;

    if (!refusal->resource || !refusal->constraint[0] ||
        str_printf(table, sizeof(table), "voip.%s", refusal->table) ||
        str_printf(back, sizeof(back), "ROLLBACK%s%s", savepoint ? " TO SAVEPOINT " : "",
                   savepoint ? savepoint : "") ||
        api_run(request->conn, back, 0, NULL, &rows, NULL))
        goto out;
    PQclear(rows);
    rows = NULL;
    if (api_run(request->conn, COLUMNS_OF, 2, values, &rows, NULL))
        goto out;
    for (int i = 0; i < PQntuples(rows); i++) {
        const struct api_column *column = column_of(refusal->resource, PQgetvalue(rows, i, 0));

        refusal->columns += column != NULL;
        if (column)
            refusal->column = column;
    }
out:
    PQclear(rows);
}

static void answer(struct api_request *request, const struct refusal *refusal, unsigned int status,
                   const char *field, const char *sentence)
{
    char pointer[256];

    if (field && !str_printf(pointer, sizeof(pointer), "%s/%s", refusal->prefix, field))
        api_problem(request, status, pointer, "%s", sentence);
    else
        api_problem(request, status, refusal->prefix[0] ? refusal->prefix : NULL, "%s", sentence);
}

/* One that another row leads to. */
static bool is_in_use(const struct refusal *refusal)
{
    const char *table = refusal->resource ? refusal->resource->table + strlen("voip.") : "";

    return strcmp(refusal->constraint, "in_use") == 0 ||
           (refusal->resource && strcmp(refusal->table, table) != 0);
}

static void on_reference(struct api_request *request, const struct refusal *refusal)
{
    const struct api_resource *to = refusal->column ? refusal->column->refers_to : NULL;
    char sentence[256];

    if (is_in_use(refusal)) {
        api_problem(request, 409, NULL, "This is in use. Change what uses it first.");
        return;
    }
    (void)!str_printf(sentence, sizeof(sentence), "There is no %s like this.",
                      to                ? to->one
                      : refusal->column ? refusal->column->name
                                        : "thing");
    answer(request, refusal, 422, refusal->column ? refusal->column->name : NULL, sentence);
}

static void on_unique(struct api_request *request, const struct refusal *refusal)
{
    char sentence[256];

    (void)!str_printf(sentence, sizeof(sentence), "There is a %s with this %s already.",
                      refusal->resource ? refusal->resource->one : "row",
                      refusal->column ? refusal->column->name : "key");
    answer(request, refusal, 409, refusal->column ? refusal->column->name : NULL, sentence);
}

static void on_check(struct api_request *request, const struct refusal *refusal)
{
    const struct api_rule *rule = refusal->resource ? refusal->resource->rules : NULL;
    char sentence[512];

    while (rule && rule->constraint && strcmp(rule->constraint, refusal->constraint) != 0)
        rule++;
    if (rule && rule->constraint) {
        answer(request, refusal, 422, rule->field, rule->sentence);
        return;
    }
    /* Those that the database's own functions raise are sentences. */
    if (refusal->hint[0]) {
        (void)!str_printf(sentence, sizeof(sentence), "%.300s. %.200s", refusal->message,
                          refusal->hint);
        answer(request, refusal, 422, NULL, sentence);
        return;
    }
    if (refusal->columns == 1)
        answer(request, refusal, 422, refusal->column->name, "This value is not possible here.");
    else
        answer(request, refusal, 422, NULL, "These values do not go together.");
}

static void on_null(struct api_request *request, const struct refusal *refusal,
                    const PGresult *result)
{
    answer(request, refusal, 422, field_of(result, PG_DIAG_COLUMN_NAME),
           "This has to have a value.");
}

static void on_data(struct api_request *request, const struct refusal *refusal)
{
    bool is_read = strcmp(request->route->method, "GET") == 0;
    char sentence[512];

    if (strcmp(refusal->state, "22021") == 0 || strcmp(refusal->state, "22P05") == 0) {
        answer(request, refusal, 400, NULL, "There is text that is not UTF-8.");
    } else {
        (void)!str_printf(sentence, sizeof(sentence), "The database says: %.400s.",
                          refusal->message);
        answer(request, refusal, is_read ? 400 : 422, NULL, sentence);
    }
}

/* Whatever the server says of itself, not of what it was asked. */
static bool is_passing(const struct refusal *refusal)
{
    static const char *const classes[] = {"08", "25", "40", "53", "55", "57", "58", "XX"};

    for (size_t i = 0; i < DP_COUNT(classes); i++)
        if (is_of_class(refusal, classes[i]))
            return true;
    return false;
}

void api_refusal(struct api_request *request, const struct api_resource *resource,
                 const char *prefix, const PGresult *result)
{
    struct refusal refusal = {
        .resource = resource,
        .prefix = prefix,
        .state = field_of(result, PG_DIAG_SQLSTATE),
        .message = field_of(result, PG_DIAG_MESSAGE_PRIMARY),
        .hint = field_of(result, PG_DIAG_MESSAGE_HINT),
        .constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME),
        .table = field_of(result, PG_DIAG_TABLE_NAME),
    };

    if (is_of_class(&refusal, "23"))
        find_column(request, &refusal);
    if (strcmp(refusal.state, "23505") == 0)
        on_unique(request, &refusal);
    else if (strcmp(refusal.state, "23503") == 0)
        on_reference(request, &refusal);
    else if (strcmp(refusal.state, "23514") == 0)
        on_check(request, &refusal);
    else if (strcmp(refusal.state, "23502") == 0)
        on_null(request, &refusal, result);
    else if (is_of_class(&refusal, "22"))
        on_data(request, &refusal);
    else if (strcmp(refusal.state, "42501") == 0)
        api_problem(request, 403, NULL, "This is not yours to do.");
    else if (is_passing(&refusal))
        api_unavailable(request, "the database is busy");
    else {
        log_error("api: %s %s: %s", refusal.state, request->route->name, refusal.message);
        api_problem(request, 500, NULL, "This is a fault of the platform's own; it was logged.");
    }
}
