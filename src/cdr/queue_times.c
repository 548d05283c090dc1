#include "cdr/queue_times.h"

#include <string.h>

#include "cdr/fields.h"
#include "cdr/text.h"

/* Microseconds since 1970; 0 for what has not happened, or is no time. */
static int64_t time_of(const struct field *place, const char *key)
{
    uint64_t us = 0;

    if (str_to_u64(fields_text(fields_get(place, "times"), key), 0, TEXT_US_MAX, &us))
        return 0;
    return (int64_t)us;
}

static bool is_queue(const struct field *place)
{
    const struct field *profile = fields_get(place, "caller_profile");

    return strcmp(fields_text(profile, "destination_number"), "queue") == 0;
}

void queue_times_take(struct cdr *out, const struct field *callflow)
{
    int64_t joined = 0, taken = 0, left = 0, after = 0;
    const struct field *place;

    /* The last place is the first one. Being connected to somebody makes another place of the same
     * name. */
    for (place = fields_first(callflow); place; place = fields_next(callflow, place)) {
        if (is_queue(place)) {
            joined = time_of(place, "profile_created_time");
            taken = time_of(place, "bridged_time") ? time_of(place, "bridged_time") : taken;
            left = after;
        } else if (joined) {
            break;
        }
        after = joined ? after : time_of(place, "profile_created_time");
    }
    left = left ? left : out->ended_us;
    taken = *out->agent ? taken : 0;
    out->wait_ms = cdr_ms_between(joined, taken ? taken : left);
    out->talk_ms = cdr_ms_between(taken, left);
}
