/* Which dialogs there are of a call, and what they say of it together. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "edge/call_view.h"
#include "edge/calls_private.h"

enum { NAME_SIZE = STR_DOMAIN_MAX + 1 + STR_UUID_LENGTH + 1 };

/* ---------------------------------------------------------------- questions */

/* Appends the dialogs of one node whose name begins so; -E2BIG when there may be more. */
static int ask_node(const struct calls_search *search, size_t node, const char *name,
                    json_t *dialogs, struct err *err)
{
    json_t *found = NULL, *item;
    int code = 0, res;
    size_t i;

    res = edge_pool_call(search->pool, node, "dlg.list_match",
                         json_pack("[s, s, s, i]", "ruri", "sw", name, EDGE_CALLS_DIALOGS), &found,
                         &code, err);
    /* Who is silent is left out; to have none is an error to the module. */
    if (res)
        return res == -ENOMEM ? res : 0;
    res = json_array_size(found) >= EDGE_CALLS_DIALOGS ? -E2BIG : 0;
    json_array_foreach(found, i, item)
    {
        if (!res && call_view_is_alive(item) &&
            (json_object_set_new(item, "node", json_integer((json_int_t)node)) ||
             json_array_append(dialogs, item)))
            res = err_set(err, -ENOMEM, "no memory for the calls");
    }
    json_decref(found);
    return res;
}

/* The same of all nodes, as an array that is the caller's. */
int calls_ask(const struct calls_search *search, const char *prefix, json_t **out, struct err *err)
{
    json_t *dialogs = json_array();
    char name[NAME_SIZE];
    int res = dialogs ? 0 : err_set(err, -ENOMEM, "no memory for the calls");

    if (!res && str_printf(name, sizeof(name), "%s/%s", search->domain, prefix))
        res = err_set(err, -EINVAL, "no name of a call");
    for (size_t i = 0; i < edge_pool_count(search->pool) && !res; i++)
        res = ask_node(search, i, name, dialogs, err);
    if (res) {
        json_decref(dialogs);
        return res;
    }
    *out = dialogs;
    return 0;
}

/* ---------------------------------------------------------------- one call */

const char *calls_media(const struct calls_search *search, const json_t *dialog)
{
    const char *at = call_view_variable(dialog, "at");

    for (size_t i = 0; i < search->media_count && *at; i++) {
        size_t length = strlen(search->media[i].uri);

        /* The edge may put parameters behind it. */
        if (strncmp(at, search->media[i].uri, length) == 0 &&
            (at[length] == '\0' || at[length] == ';'))
            return search->media[i].name;
    }
    return NULL;
}

static json_t *view_of(const struct calls_search *search, const json_t *dialog)
{
    size_t node = (size_t)json_integer_value(json_object_get(dialog, "node"));

    return call_view_make(dialog, edge_pool_name(search->pool, node), calls_media(search, dialog));
}

/* The caller's own dialog; of a call that he has left, the first leg. */
const json_t *calls_main(const json_t *dialogs)
{
    const json_t *best = NULL, *item;
    size_t i;

    json_array_foreach(dialogs, i, item)
    {
        if (!best || call_view_leg(item) < call_view_leg(best))
            best = item;
    }
    return best;
}

static json_t *legs_of(const struct calls_search *search, const json_t *dialogs, const json_t *top)
{
    json_t *legs = json_array(), *leg;
    const json_t *item;
    bool listens;
    size_t i;

    json_array_foreach(dialogs, i, item)
    {
        if (item == top)
            continue;
        leg = view_of(search, item);
        listens = *call_view_variable(item, "listens");
        if (!leg || json_object_set_new(leg, "listening", json_boolean(listens)) ||
            json_array_append(legs, leg)) {
            json_decref(legs);
            legs = NULL;
        }
        json_decref(leg);
        if (!legs)
            return NULL;
    }
    return legs;
}

/* The view of a call whose dialogs these are; NULL without memory. */
json_t *calls_make(const struct calls_search *search, const json_t *dialogs)
{
    const json_t *top = calls_main(dialogs);
    const char *trunk = call_view_variable(top, "trunk");
    bool recorded = strcmp(call_view_variable(top, "record"), "1") == 0;
    json_t *call = view_of(search, top);
    json_t *more = json_pack("{s:s, s:s, s:o, s:b, s:o}", "id", call_view_variable(top, "id"),
                             "direction", call_view_variable(top, "dir"), "trunk",
                             *trunk ? json_string(trunk) : json_null(), "recorded", recorded,
                             "legs", legs_of(search, dialogs, top));

    if (!call || !more || json_object_update(call, more)) {
        json_decref(call);
        call = NULL;
    }
    json_decref(more);
    return call;
}
