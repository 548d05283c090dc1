/*
 * Who is registered, and where. Contacts come from the memory of the edge nodes, which find them by
 * the user: the tenant's users are what the database is asked for, some at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/live.h"
#include "edge/contacts.h"

enum {
    USERS = 200,      /* that are looked for at a time */
    USERS_MAX = 4000, /* that are looked for in one request, whoever is registered of them */
};

#define ORDER "username"

/* The search that a request is. */
struct search {
    struct edge_pool *pool;
    const char *username;              /* the only one, or NULL */
    char after[STR_EXTENSION_MAX + 1]; /* whom it has come to */
    bool is_over;
    json_t *items;
};

static int read_search(struct api_request *request, struct search *search,
                       char own[STR_EXTENSION_MAX + 1])
{
    json_t *cursor = NULL;
    int res = live_own_name(request, own);

    if (res)
        return res;
    search->username = *own ? own : http_query(request->http, "username");
    res = api_cursor_read(request, 2, ORDER, &cursor);
    if (res)
        return res == -ENOENT ? 0 : res;
    if (str_copy(search->after, sizeof(search->after),
                 json_string_value(json_array_get(cursor, 1))))
        search->after[0] = '\0';
    json_decref(cursor);
    return 0;
}

/* The contacts of the next users. Negative: the response is a problem. */
static int add_some(struct api_request *request, struct search *search)
{
    const char *const values[] = {search->after, search->username};
    const char *users[USERS];
    PGresult *rows = NULL;
    struct err err;
    size_t count;
    int res;

    res = api_query(request,
                    "SELECT username FROM voip.users WHERE username COLLATE \"C\" > $1"
                    " AND ($2::text IS NULL OR username = $2)"
                    " ORDER BY username COLLATE \"C\" LIMIT 200",
                    2, values, &rows);
    if (res)
        return res;
    count = (size_t)PQntuples(rows);
    search->is_over = count < USERS;
    for (size_t i = 0; i < count; i++)
        users[i] = PQgetvalue(rows, (int)i, 0);
    if (edge_contacts_list(search->pool, request->domain, users, count, search->items, &err) ||
        (count && str_copy(search->after, sizeof(search->after), users[count - 1]))) {
        res = -ENOMEM;
        live_no_memory(request);
    }
    PQclear(rows);
    return res;
}

static const char *name_of(const json_t *item)
{
    return json_string_value(json_object_get(item, "username"));
}

static int compare(const void *one, const void *other)
{
    return strcmp(name_of(*(json_t *const *)one), name_of(*(json_t *const *)other));
}

/* By user, which several edges have not told together. Returns a new array; NULL without memory. */
static json_t *sort(const json_t *items)
{
    size_t count = json_array_size(items);
    json_t **each = calloc(count + 1, sizeof(json_t *)), *sorted = json_array();

    for (size_t i = 0; i < count && each; i++)
        each[i] = json_array_get(items, i);
    if (each)
        qsort(each, count, sizeof(json_t *), compare);
    for (size_t i = 0; i < count && each && sorted; i++)
        json_array_append(sorted, each[i]);
    if (!each) {
        json_decref(sorted);
        sorted = NULL;
    }
    free(each);
    return sorted;
}

/* Drops whole users from the end until there are no more than `limit`, or one is left. */
static void cut(struct search *search, json_t *items, size_t limit)
{
    size_t count = json_array_size(items), end;

    while (count > limit) {
        const char *last = name_of(json_array_get(items, count - 1));

        for (end = count; end > 0 && strcmp(name_of(json_array_get(items, end - 1)), last) == 0;)
            end--;
        if (!end)
            break;
        while (count > end)
            json_array_remove(items, --count);
        search->is_over = false;
        (void)!str_copy(search->after, sizeof(search->after),
                        name_of(json_array_get(items, count - 1)));
    }
}

static void reply(struct api_request *request, struct search *search, size_t limit)
{
    json_t *items = sort(search->items);

    if (!items) {
        live_no_memory(request);
        return;
    }
    cut(search, items, limit);
    live_reply_list(request, items, ORDER, search->is_over ? NULL : search->after, search->pool);
}

static void list_registrations(struct api_request *request)
{
    char own[STR_EXTENSION_MAX + 1];
    struct search search = {0};
    unsigned int limit;
    int res = 0;

    if (api_limit(request, &limit) || read_search(request, &search, own))
        return;
    search.pool = live_edges(request);
    if (!search.pool)
        return;
    search.items = json_array();
    for (int seen = 0; !res && !search.is_over && seen < USERS_MAX && search.items; seen += USERS) {
        res = add_some(request, &search);
        if (json_array_size(search.items) >= limit)
            break;
    }
    if (!search.items)
        live_no_memory(request);
    else if (!res)
        reply(request, &search, limit);
    json_decref(search.items);
    edge_pool_close(search.pool);
}

#define TEXT     "{\"type\":\"string\"}"
#define NULLABLE "{\"type\":[\"string\",\"null\"]}"
#define CONTACT                                                                                    \
    "{\"type\":\"object\",\"required\":[\"aor\",\"username\",\"contact\",\"expires_s\"],"          \
    "\"properties\":{\"aor\":" TEXT ",\"username\":" TEXT ",\"contact\":" NULLABLE                 \
    ",\"transport\":" TEXT ",\"user_agent\":" NULLABLE ",\"expires_s\":{\"type\":\"integer\"}"     \
    ",\"path\":" NULLABLE ",\"received\":" NULLABLE ",\"edge\":" TEXT "}}"

static const struct api_param query[] = {
    {"limit", API_INTEGER, "How many contacts, 1 to 500", NULL},
    {"cursor", API_TEXT, "Where the page before ended: its next", NULL},
    {"username", API_TEXT, "Only the contacts of this user", NULL},
    {0},
};

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/domains/{domain}/registrations",
        .scope = API_LIVE_READ,
        .name = "list_registrations",
        .tag = "Registrations",
        .summary = "List the contacts of registered phones, by user",
        .query = query,
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"items\",\"next\",\"silent\"],"
            "\"properties\":{\"items\":{\"type\":\"array\",\"items\":" CONTACT "},"
            "\"next\":" NULLABLE ",\"silent\":{\"type\":\"array\",\"items\":" TEXT "}}}",
        .handler = list_registrations,
    },
};

const struct api_routes live_registration_routes = {routes, DP_COUNT(routes)};
