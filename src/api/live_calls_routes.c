/* The routes of calls, and what their answers look like. */
#include "api/live_calls.h"

#define TEXT     "{\"type\":\"string\"}"
#define NULLABLE "{\"type\":[\"string\",\"null\"]}"
#define STATE    "{\"type\":\"string\",\"enum\":[\"ringing\",\"answered\"]}"
#define PART                                                                                       \
    "\"state\":" STATE ",\"from\":" TEXT ",\"to\":" TEXT ",\"reached\":" TEXT                      \
    ",\"service\":" NULLABLE ",\"started_at\":" NULLABLE ",\"answered_at\":" NULLABLE              \
    ",\"edge\":" TEXT ",\"media\":" NULLABLE ",\"sip_call_id\":" TEXT
#define LEG "{\"type\":\"object\",\"properties\":{" PART ",\"listening\":{\"type\":\"boolean\"}}}"
#define CALL                                                                                       \
    "{\"type\":\"object\",\"required\":[\"id\",\"state\",\"from\",\"to\",\"legs\"],"               \
    "\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"}," PART                       \
    ",\"direction\":" TEXT ",\"trunk\":" NULLABLE                                                  \
    ",\"recorded\":{\"type\":\"boolean\"},\"legs\":{\"type\":\"array\",\"items\":" LEG "}}}"
#define CALLS                                                                                      \
    "{\"type\":\"object\",\"required\":[\"items\",\"next\",\"silent\"],\"properties\":{"           \
    "\"items\":{\"type\":\"array\",\"items\":" CALL "},\"next\":" NULLABLE                         \
    ",\"silent\":{\"type\":\"array\",\"items\":" TEXT "}}}"
#define DONE "{\"type\":\"object\"}"

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/domains/{domain}/calls",
        .scope = API_LIVE_READ,
        .name = "list_calls",
        .tag = "Calls",
        .summary = "List calls in progress, in the order of their ids",
        .query = live_paging,
        .reply_schema = CALLS,
        .handler = live_list_calls,
    },
    {
        .method = "GET",
        .path = "/domains/{domain}/calls/{id}",
        .scope = API_LIVE_READ,
        .name = "get_call",
        .tag = "Calls",
        .summary = "Read a call in progress",
        .reply_schema = CALL,
        .handler = live_get_call,
        .id_type = API_UUID,
    },
    {
        .method = "DELETE",
        .path = "/domains/{domain}/calls/{id}",
        .scope = API_LIVE_WRITE,
        .name = "hang_up_call",
        .tag = "Calls",
        .summary = "End a call for both sides, also while it rings",
        .status = 204,
        .handler = live_hang_up,
        .id_type = API_UUID,
    },
    {
        .method = "POST",
        .path = "/domains/{domain}/calls/{id}/transfer",
        .scope = API_LIVE_WRITE,
        .name = "transfer_call",
        .tag = "Calls",
        .summary = "Send one side of a call to another number of the tenant; the other side is "
                   "hung up",
        .body_schema = "{\"type\":\"object\",\"required\":[\"to\"],\"properties\":{\"to\":" TEXT
                       ",\"side\":{\"type\":\"string\",\"enum\":[\"caller\",\"callee\"],"
                       "\"default\":\"caller\"}}}",
        .reply_schema = DONE,
        .status = 202,
        .handler = live_transfer,
        .id_type = API_UUID,
    },
    {
        .method = "POST",
        .path = "/domains/{domain}/calls/{id}/listen",
        .scope = API_LIVE_WRITE,
        .name = "listen_to_call",
        .tag = "Calls",
        .summary = "Have a user's phone called, which then hears both sides of a call that a media "
                   "server has, and is heard by none",
        .body_schema = "{\"type\":\"object\",\"required\":[\"user_id\"],\"properties\":{"
                       "\"user_id\":{\"type\":\"integer\"}}}",
        .reply_schema = DONE,
        .status = 202,
        .handler = live_listen,
        .id_type = API_UUID,
    },
};

const struct api_routes live_call_routes = {routes, DP_COUNT(routes)};
