/* What is different between two moments of a tenant. */
#include "api/live_state.h"

/* What it is called when a thing of this kind comes, changes, goes. NULL: it does not. */
static const struct {
    const char *kind, *comes, *changes, *goes;
} kinds[] = {
    {"call/", "call.started", "call.changed", "call.ended"},
    {"registration/", "registration.added", "registration.changed", "registration.removed"},
    {"queue/", "queue.changed", "queue.changed", NULL},
};

static size_t kind_of(const char *key)
{
    size_t i = 0;

    while (i + 1 < DP_COUNT(kinds) && !str_starts_with(key, kinds[i].kind))
        i++;
    return i;
}

void live_compare(const json_t *before, const json_t *now,
                  void (*each)(void *arg, const char *event, const json_t *value), void *arg)
{
    const json_t *other;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)now, key, value)
    {
        other = json_object_get(before, key);
        if (!other)
            each(arg, kinds[kind_of(key)].comes, value);
        else if (other != value && !json_equal(other, value))
            each(arg, kinds[kind_of(key)].changes, value);
    }
    json_object_foreach((json_t *)before, key, value)
    {
        if (!json_object_get(now, key) && kinds[kind_of(key)].goes)
            each(arg, kinds[kind_of(key)].goes, value);
    }
}
