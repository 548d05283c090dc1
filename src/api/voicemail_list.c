/*
 * Lists of messages, the latest first. Every node is asked for all that it has of the mailbox,
 * which of thousands is little but their ids, and then for the rest of those that are on the page.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "api/voicemail.h"

enum { CURSOR_MAX = 256, CURSOR_KEYS = 3, NUMBER_SIZE = 24 };

#define ORDER "-received_at"

/* ---------------------------------------------------------------- pages */

/* What a request asks for. */
struct wanted {
    unsigned int limit;
    bool all, is_read; /* all of them; otherwise those that are read, or are not */
    bool goes_on;      /* behind this one: */
    struct media_message after;
};

static int read_filter(struct api_request *request, struct wanted *out)
{
    const char *given = http_query(request->http, "read");

    out->all = !given;
    out->is_read = given && strcmp(given, "true") == 0;
    if (!given || out->is_read || strcmp(given, "false") == 0)
        return 0;
    api_problem(request, 400, "read", "read is true or false.");
    return -EINVAL;
}

static int read_cursor(struct api_request *request, struct wanted *out)
{
    json_t *cursor = NULL;
    uint64_t received = 0;
    int res = api_cursor_read(request, CURSOR_KEYS, ORDER, &cursor);

    if (res)
        return res == -ENOENT ? 0 : res;
    if (str_to_u64(json_string_value(json_array_get(cursor, 1)), 0, INT64_MAX, &received) ||
        str_copy(out->after.id, sizeof(out->after.id),
                 json_string_value(json_array_get(cursor, 2)))) {
        api_problem(request, 400, "cursor", "This is no cursor of this list. Begin without one.");
        res = -EINVAL;
    }
    out->after.received_s = (int64_t)received;
    out->goes_on = true;
    json_decref(cursor);
    return res;
}

static int compare(const void *one, const void *other)
{
    const struct media_message *a = one, *b = other;

    if (a->received_s != b->received_s)
        return a->received_s > b->received_s ? -1 : 1;
    return strcmp(a->id, b->id);
}

/* ---------------------------------------------------------------- asking */

/* A list on its way: all messages, those of the page, and the nodes that do not answer. */
struct list {
    struct media_messages all;
    struct media_message *page[API_LIMIT_MAX];
    size_t count;
    bool is_over;
    json_t *silent;
};

static void note_silent(struct list *list, const struct media_place *place)
{
    json_array_append_new(list->silent, json_string(place->name));
}

/* While a message is moved it may be told twice. */
static bool is_double(const struct list *list, size_t at)
{
    const struct media_message *one = &list->all.of[at];

    return at && one[-1].place == one->place && strcmp(one[-1].id, one->id) == 0;
}

static void choose(struct list *list, const struct wanted *wanted)
{
    if (list->all.count)
        qsort(list->all.of, list->all.count, sizeof(*list->all.of), compare);
    list->is_over = true;
    for (size_t i = 0; i < list->all.count && list->is_over; i++) {
        struct media_message *one = &list->all.of[i];

        if ((!wanted->all && one->is_read != wanted->is_read) || is_double(list, i) ||
            (wanted->goes_on && compare(one, &wanted->after) <= 0))
            continue;
        if (list->count < wanted->limit)
            list->page[list->count++] = one;
        else
            list->is_over = false;
    }
}

static void ask_nodes(struct api_request *request, const struct media_box *box,
                      const struct wanted *wanted, struct list *list)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    size_t before;
    struct err err;

    for (size_t i = 0; i < nodes->media_count; i++)
        if (media_messages_list(&nodes->media[i], box, &list->all, &err))
            note_silent(list, &nodes->media[i]);
    choose(list, wanted);
    for (size_t i = 0; i < nodes->media_count; i++) {
        for (before = 0; before < list->count; before++)
            if (list->page[before]->place == &nodes->media[i])
                break;
        if (before < list->count &&
            media_messages_tell(&nodes->media[i], box, list->page, list->count, &err))
            note_silent(list, &nodes->media[i]);
    }
}

/* ---------------------------------------------------------------- answers */

static json_t *make_cursor(const struct list *list)
{
    const struct media_message *last = list->count ? list->page[list->count - 1] : NULL;
    char received[NUMBER_SIZE];
    const char *const keys[] = {ORDER, received, last ? last->id : ""};
    json_t *cursor = NULL;
    struct buf text;

    if (list->is_over || !last)
        return json_null();
    snprintf(received, sizeof(received), "%" PRId64, last->received_s);
    buf_init(&text, CURSOR_MAX);
    if (!api_cursor_make(&text, DP_COUNT(keys), keys))
        cursor = json_string(text.data);
    buf_free(&text);
    return cursor;
}

/* Those that are gone meanwhile are left out. */
static json_t *make_items(const struct list *list)
{
    json_t *items = json_array();

    for (size_t i = 0; i < list->count && items; i++) {
        const struct media_message *one = list->page[i];

        if (one->about && (json_object_set_new(one->about, "node", json_string(one->place->name)) ||
                           json_array_append(items, one->about))) {
            json_decref(items);
            items = NULL;
        }
    }
    return items;
}

void voicemail_list(struct api_request *request)
{
    struct wanted wanted = {0};
    struct voicemail_box box;
    struct list list = {0};
    json_t *reply;

    if (api_limit(request, &wanted.limit) || read_filter(request, &wanted) ||
        read_cursor(request, &wanted) || voicemail_box_find(request, VOICEMAIL_READ, &box))
        return;
    list.silent = json_array();
    ask_nodes(request, &box.box, &wanted, &list);
    reply = json_pack("{s:o, s:o, s:o}", "items", make_items(&list), "next", make_cursor(&list),
                      "silent", list.silent);
    if (reply)
        api_reply(request, 200, reply);
    else
        live_no_memory(request);
    media_messages_free(&list.all);
}

/* ---------------------------------------------------------------- counts */

/* What media servers have told last, of the lamps of phones. */
#define COUNTS                                                                                     \
    "SELECT to_json(x) FROM (SELECT b.id, b.mailbox, b.user_id,"                                   \
    " coalesce(c.new_messages, 0) AS new_messages,"                                                \
    " coalesce(c.saved_messages, 0) AS saved_messages, c.changed_at"                               \
    " FROM voip.voicemail_boxes b LEFT JOIN voip.voicemail_counts c ON c.box_id = b.id"            \
    " WHERE b.id > $1 AND ($2::bigint IS NULL OR b.user_id = $2) ORDER BY b.id LIMIT $3) x"

static int read_after(struct api_request *request, char out[NUMBER_SIZE])
{
    json_t *cursor = NULL;
    uint64_t id = 0;
    int res = api_cursor_read(request, 2, "box", &cursor);

    if (!res && str_to_u64(json_string_value(json_array_get(cursor, 1)), 0, INT64_MAX, &id)) {
        api_problem(request, 400, "cursor", "This is no cursor of this list. Begin without one.");
        res = -EINVAL;
    }
    json_decref(cursor);
    snprintf(out, NUMBER_SIZE, "%" PRIu64, id);
    return res == -ENOENT ? 0 : res;
}

static void reply_counts(struct api_request *request, const PGresult *rows, int limit)
{
    int count = PQntuples(rows) > limit ? limit : PQntuples(rows);
    json_t *items = json_array(), *next = json_null(), *last;
    char id[NUMBER_SIZE];
    struct buf text;

    for (int i = 0; i < count; i++)
        json_array_append_new(items, json_loads(PQgetvalue(rows, i, 0), 0, NULL));
    buf_init(&text, CURSOR_MAX);
    if (PQntuples(rows) > limit) {
        last = json_array_get(items, (size_t)count - 1);
        snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(last, "id")));
        if (!api_cursor_make(&text, 2, (const char *const[]){"box", id}))
            next = json_string(text.data);
    }
    buf_free(&text);
    api_reply(request, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
}

void voicemail_counts(struct api_request *request)
{
    char after[NUMBER_SIZE], own[NUMBER_SIZE], rows_wanted[NUMBER_SIZE];
    const char *values[] = {after, NULL, rows_wanted};
    PGresult *rows = NULL;
    unsigned int limit;

    if (api_limit(request, &limit) || read_after(request, after))
        return;
    snprintf(rows_wanted, sizeof(rows_wanted), "%u", limit + 1);
    if (request->caller.role == API_AGENT) {
        snprintf(own, sizeof(own), "%" PRId64, request->caller.user_id);
        values[1] = own;
    }
    if (api_query(request, COUNTS, 3, values, &rows))
        return;
    reply_counts(request, rows, (int)limit);
    PQclear(rows);
}
