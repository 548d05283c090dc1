#include "edge/calls.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "edge/call_view.h"
#include "edge/calls_private.h"

struct listing {
    struct calls_search search;
    const char *after;
    size_t limit;
    json_t *calls;
    bool more;
};

/* Arrays of dialogs by the id of their call. */
static int group(const json_t *dialogs, json_t *groups, struct err *err)
{
    json_t *list;
    json_t *item;
    size_t i;

    json_array_foreach(dialogs, i, item)
    {
        const char *id = call_view_variable(item, "id");

        list = json_object_get(groups, id);
        if (!list) {
            list = json_array();
            if (!list || json_object_set_new(groups, id, list))
                return err_set(err, -ENOMEM, "no memory for the calls");
        }
        if (json_array_append(list, item))
            return err_set(err, -ENOMEM, "no memory for the calls");
    }
    return 0;
}

/* The next id of the groups behind `after`; NULL at the end. */
static const char *next_id(json_t *groups, const char *after)
{
    const char *best = NULL, *id;
    json_t *list;

    json_object_foreach(groups, id, list)
    {
        if (strcmp(id, after) > 0 && (!best || strcmp(id, best) < 0))
            best = id;
    }
    return best;
}

static int add_calls(struct listing *listing, const json_t *dialogs, struct err *err)
{
    json_t *groups = json_object();
    const char *id = listing->after;
    int res = groups ? group(dialogs, groups, err) : -ENOMEM;

    while (!res && (id = next_id(groups, id))) {
        if (json_array_size(listing->calls) >= listing->limit) {
            listing->more = true;
            break;
        }
        if (json_array_append_new(listing->calls,
                                  calls_make(&listing->search, json_object_get(groups, id))))
            res = err_set(err, -ENOMEM, "no memory for the calls");
    }
    json_decref(groups);
    return res;
}

/* Whether all ids that begin so are before the first one that is wanted. */
static bool is_before(const char *prefix, const char *after)
{
    return strncmp(prefix, after, strlen(prefix)) < 0;
}

/* Calls whose id begins with the prefix, in smaller parts where they are too many. */
static int list_prefix(struct listing *listing, const char *prefix, struct err *err)
{
    static const char digits[] = "0123456789abcdef";
    char longer[STR_UUID_LENGTH + 1];
    json_t *dialogs = NULL;
    size_t length = strlen(prefix);
    int res = calls_ask(&listing->search, prefix, &dialogs, err);

    if (!res)
        res = add_calls(listing, dialogs, err);
    json_decref(dialogs);
    /* No id has a mark among its first eight digits; more than that there are not. */
    if (res != -E2BIG || length >= 8)
        return res;
    memcpy(longer, prefix, length);
    longer[length + 1] = '\0';
    res = 0;
    for (size_t i = 0; i < 16 && !res && !listing->more; i++) {
        longer[length] = digits[i];
        if (!is_before(longer, listing->after))
            res = list_prefix(listing, longer, err);
    }
    return res;
}

int edge_calls_list(struct edge_pool *pool, const struct edge_media media[], size_t media_count,
                    const char *domain, const char *after, size_t limit, json_t *calls, bool *more,
                    struct err *err)
{
    struct listing listing = {
        .search = {pool, media, media_count, domain},
        .after = after,
        .limit = limit,
        .calls = calls,
    };
    int res = list_prefix(&listing, "", err);

    *more = listing.more;
    return res;
}
