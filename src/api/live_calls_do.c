/* What is done to calls: they are transferred, somebody listens. */
#include <errno.h>
#include <string.h>

#include "api/live_calls.h"

/* Whether it may be done; otherwise the response is a problem. */
static bool is_answered(struct api_request *request, const struct live_call *target,
                        const char *what)
{
    if (!target->call.is_answered)
        api_problem(request, 409, NULL, "The call still rings. %s when it has been answered.",
                    what);
    return target->call.is_answered;
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

/* By the media server that has the call; what goes from phone to phone, by the phone. */
static void transfer(struct api_request *request, const struct live_call *target,
                     enum media_side side, const char *number)
{
    const struct media_place *place = live_media(target->nodes, target->call.media);
    const struct media_call call = live_call_name(request, target);
    struct err err;
    int res = place ? media_transfer(place, &call, side, number, &err)
                    : edge_call_refer(target->pool, &target->call, side == MEDIA_CALLER,
                                      request->domain, number, &err);

    if (res == -EOPNOTSUPP)
        api_problem(request, 409, "/side",
                    "That side is a carrier, which is not asked to call somebody else. A call "
                    "that a media server has can be transferred on both sides: set recording of "
                    "the trunk's calls to on_demand, and it works from the next call on.");
    else
        live_call_answer(request, res, &err);
}

void live_transfer(struct api_request *request)
{
    const char *number = NULL;
    enum media_side side;
    struct live_call target;

    if (read_number(request, &number) || read_side(request, &side) ||
        live_call_find(request, &target))
        return;
    if (is_answered(request, &target, "It can be transferred") &&
        !live_audit(request, "calls", json_incref(target.call.view),
                    json_pack("{s:s, s:s}", "transferred_to", number, "side",
                              side == MEDIA_CALLER ? "caller" : "callee")))
        transfer(request, &target, side, number);
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
    place = live_media(target.nodes, target.call.media);
    call = live_call_name(request, &target);
    if (!is_answered(request, &target, "It can be listened to"))
        place = NULL;
    else if (!place)
        api_problem(request, 409, NULL,
                    "No media server has this call: its audio goes from phone to phone. A call "
                    "that is recorded has one, as one in a menu, queue, ring group or conference: "
                    "set recording of the user's calls to on_demand, and it works from the next "
                    "call on.");
    if (place && !live_audit(request, "calls", json_incref(target.call.view),
                             json_pack("{s:s}", "listened_to_by", username)))
        live_call_answer(request, media_listen(place, &call, username, &err), &err);
    live_call_free(&target);
}
