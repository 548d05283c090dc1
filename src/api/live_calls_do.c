/* What a call has done to it that a media server has: it is transferred, somebody listens. */
#include <errno.h>
#include <string.h>

#include "api/live_calls.h"

/* The media server that has the call; NULL: the response is a problem that says what to do. */
static const struct media_place *media_of(struct api_request *request,
                                          const struct live_call *target, const char *what)
{
    const struct media_place *place = live_media(target->nodes, target->call.media);

    if (!target->call.is_answered) {
        api_problem(request, 409, NULL, "The call still rings. %s when it has been answered.",
                    what);
        return NULL;
    }
    if (!place)
        api_problem(request, 409, NULL,
                    "No media server has this call: its audio goes from phone to phone. A call "
                    "that is recorded has one, as one in a menu, queue, ring group or conference: "
                    "set recording of the user's calls to on_demand, and it works from the next "
                    "call on.");
    return place;
}

/* ---------------------------------------------------------------- transfer */

/* "to" of the body: a number of the tenant. */
static int read_number(struct api_request *request, const char **out)
{
    const char *number = json_string_value(json_object_get(request->body, "to"));
    const char *const values[] = {number};
    PGresult *rows = NULL;
    int res;

    if (!number || !str_is_extension(number)) {
        api_problem(request, 422, "/to", "to is a number of the tenant, as text.");
        return -EINVAL;
    }
    res = api_query(request, "SELECT FROM voip.extensions WHERE number = $1 AND NOT is_prefix", 1,
                    values, &rows);
    if (!res && PQntuples(rows) == 0) {
        api_problem(request, 422, "/to", "The tenant has no such number.");
        res = -EINVAL;
    }
    PQclear(rows);
    *out = number;
    return res;
}

static int read_side(struct api_request *request, enum media_side *out)
{
    const json_t *given = json_object_get(request->body, "side");
    const char *side = given ? json_string_value(given) : "caller";

    *out = side && strcmp(side, "callee") == 0 ? MEDIA_CALLEE : MEDIA_CALLER;
    if (side && (*out == MEDIA_CALLEE || strcmp(side, "caller") == 0))
        return 0;
    api_problem(request, 422, "/side", "side is caller or callee: who goes on to the number.");
    return -EINVAL;
}

void live_transfer(struct api_request *request)
{
    const struct media_place *place;
    const char *number = NULL;
    enum media_side side;
    struct media_call call;
    struct live_call target;
    struct err err;

    if (read_number(request, &number) || read_side(request, &side) ||
        live_call_find(request, &target))
        return;
    place = media_of(request, &target, "It can be transferred");
    call = live_call_name(request, &target);
    if (place && !live_audit(request, "calls", json_incref(target.call.view),
                             json_pack("{s:s, s:s}", "transferred_to", number, "side",
                                       side == MEDIA_CALLER ? "caller" : "callee")))
        live_call_answer(request, media_transfer(place, &call, side, number, &err), &err);
    live_call_free(&target);
}

/* ---------------------------------------------------------------- listening in */

/* The name of the user whose phones are called: "user_id" of the body. */
static int read_listener(struct api_request *request, char out[STR_EXTENSION_MAX + 1])
{
    const json_t *given = json_object_get(request->body, "user_id");
    char id[24];
    const char *const values[] = {id};
    PGresult *rows = NULL;
    int res = -EINVAL;

    if (json_is_integer(given) &&
        !str_printf(id, sizeof(id), "%" JSON_INTEGER_FORMAT, json_integer_value(given))) {
        res = api_query(request, "SELECT username FROM voip.users WHERE id = $1", 1, values, &rows);
        if (res)
            return res;
        res = PQntuples(rows) == 1 ? str_copy(out, STR_EXTENSION_MAX + 1, PQgetvalue(rows, 0, 0))
                                   : -EINVAL;
        PQclear(rows);
    }
    if (res)
        api_problem(request, 422, "/user_id",
                    "user_id is the id of a user of the tenant, whose phone is called.");
    return res;
}

void live_listen(struct api_request *request)
{
    char username[STR_EXTENSION_MAX + 1];
    const struct media_place *place;
    struct media_call call;
    struct live_call target;
    struct err err;

    if (read_listener(request, username) || live_call_find(request, &target))
        return;
    place = media_of(request, &target, "It can be listened to");
    call = live_call_name(request, &target);
    if (place && !live_audit(request, "calls", json_incref(target.call.view),
                             json_pack("{s:s}", "listened_to_by", username)))
        live_call_answer(request, media_listen(place, &call, username, &err), &err);
    live_call_free(&target);
}
