#include "edge/call_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* States of the module `dialog`. */
enum { STATE_CONFIRMED = 3, STATE_DELETED = 5 };

const char *call_view_variable(const json_t *dialog, const char *name)
{
    const json_t *item;
    const char *value;
    size_t i;

    json_array_foreach(json_object_get(dialog, "variables"), i, item)
    {
        value = json_string_value(json_object_get(item, name));
        if (value)
            return value;
    }
    return "";
}

static json_int_t state_of(const json_t *dialog)
{
    return json_integer_value(json_object_get(dialog, "state"));
}

bool call_view_is_alive(const json_t *dialog)
{
    return state_of(dialog) < STATE_DELETED;
}

bool call_view_is_answered(const json_t *dialog)
{
    return state_of(dialog) >= STATE_CONFIRMED;
}

int call_view_leg(const json_t *dialog)
{
    return atoi(call_view_variable(dialog, "leg"));
}

/* Seconds since 1970 with fractions, as $TV(Sn) gives them; JSON's null for nothing. */
static json_t *time_value(const char *text)
{
    char utc[CLOCK_UTC_SIZE];
    long long seconds;
    int micros;

    if (sscanf(text, "%12lld.%6d", &seconds, &micros) != 2)
        return json_null();
    clock_utc((int64_t)seconds * 1000000 + micros, utc);
    return json_string(utc);
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

json_t *call_view_make(const json_t *dialog, const char *edge, const char *media)
{
    const char *service = call_view_variable(dialog, "ext");
    const char *call_id = json_string_value(json_object_get(dialog, "call-id"));

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:s}", "state",
                     call_view_is_answered(dialog) ? "answered" : "ringing", "from",
                     call_view_variable(dialog, "from"), "to", call_view_variable(dialog, "to"),
                     "reached", call_view_variable(dialog, "reached"), "service",
                     text_or_null(strcmp(service, "none") == 0 ? NULL : service), "started_at",
                     time_value(call_view_variable(dialog, "begun")), "answered_at",
                     time_value(call_view_variable(dialog, "answer")), "edge", edge, "media",
                     text_or_null(media), "sip_call_id", call_id ? call_id : "");
}
