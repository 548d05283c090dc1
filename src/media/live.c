#include "media/live.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "media/live_private.h"

#define DIGITS "0123456789"
#define ALNUM  DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

bool media_live_is_made_of(const char *text, const char *allowed)
{
    return *text && strspn(text, allowed) == strlen(text);
}

/* Names that a command, a SIP address and a dialplan can hold as they are. */
static bool is_name(const char *text)
{
    return str_is_extension(text) && media_live_is_made_of(text, ALNUM "*+._-");
}

static int check_call(const struct media_call *call, struct err *err)
{
    if (str_is_uuid(call->id) && str_is_domain(call->domain) &&
        media_live_is_made_of(call->start, DIGITS "."))
        return 0;
    return err_set(err, -EINVAL, "no name of a call");
}

int media_live_header(const struct media_call *call, char out[MEDIA_LIVE_HEADER_SIZE])
{
    return str_printf(out, MEDIA_LIVE_HEADER_SIZE, "%s;start=%s;dir=internal;leg=0", call->id,
                      call->start);
}

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory for a queue");
}

/* Names of callers are anybody's: what is no UTF-8 is no text. */
static json_t *text_of(const char *text)
{
    json_t *value = json_string(text);

    return value ? value : json_null();
}

int media_live_add_waiting(json_t *waiting, const struct media_waiting *who, struct err *err)
{
    size_t position = json_array_size(waiting) + 1;

    return json_array_append_new(
               waiting, json_pack("{s:I, s:o, s:o, s:I}", "position", (json_int_t)position,
                                  "number", text_of(who->number), "name", text_of(who->name),
                                  "joined_at", (json_int_t)who->joined_s))
               ? no_memory(err)
               : 0;
}

int media_live_add_agent(json_t *agents, const char *username, const char *state, int64_t calls,
                         int64_t last_call_s, struct err *err)
{
    return json_array_append_new(agents,
                                 json_pack("{s:o, s:s, s:I, s:I}", "username", text_of(username),
                                           "state", state, "calls", (json_int_t)calls,
                                           "last_call_at", (json_int_t)last_call_s))
               ? no_memory(err)
               : 0;
}

static int about(const struct media_place *place, int res, struct err *err)
{
    if (res)
        err_prefix(err, "media node %s", place->name);
    return res;
}

int media_info(const struct media_place *place, struct media_info *out, struct err *err)
{
    *out = (struct media_info){0};
    return about(place, place->server->info(place, out, err), err);
}

int media_listen(const struct media_place *place, const struct media_call *call,
                 const char *username, struct err *err)
{
    int res = check_call(call, err);

    if (!res && !is_name(username))
        res = err_set(err, -EINVAL, "phones of %s cannot be called by a media server", username);
    return res ? res : about(place, place->server->listen(place, call, username, err), err);
}

int media_transfer(const struct media_place *place, const struct media_call *call,
                   enum media_side side, const char *number, struct err *err)
{
    int res = check_call(call, err);

    if (!res && !is_name(number))
        res = err_set(err, -EINVAL, "a call cannot be sent to %s", number);
    return res ? res : about(place, place->server->transfer(place, call, side, number, err), err);
}

int media_hangup(const struct media_place *place, const struct media_call *call, struct err *err)
{
    int res = check_call(call, err);

    return res ? res : about(place, place->server->hangup(place, call, err), err);
}

int media_queue(const struct media_place *place, const char *domain, int64_t id, json_t *waiting,
                json_t *agents, struct err *err)
{
    if (!str_is_domain(domain) || id < 1)
        return err_set(err, -EINVAL, "no name of a queue");
    return about(place, place->server->queue(place, domain, id, waiting, agents, err), err);
}
