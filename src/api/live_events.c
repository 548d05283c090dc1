/* GET …/events: what happens to the calls, registrations and queues of a tenant (server-sent
 * events). */
#include <errno.h>

#include "api/live_hub.h"
#include "api/server.h"

static void refuse(struct api_request *request, int res)
{
    if (res == -EBUSY || res == -ENOSPC) {
        http_response_header(request->response, "Retry-After", "10");
        api_problem(request, res == -EBUSY ? 429 : 503, NULL,
                    res == -EBUSY ? "There are %d streams of yours already: close one."
                                  : "There are %d streams already, and no more is possible.",
                    res == -EBUSY ? LIVE_STREAMS_OF_ONE : LIVE_STREAMS_MAX);
        return;
    }
    live_no_memory(request);
}

static void stream_events(struct api_request *request)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    struct live_stream *stream = NULL;
    int res;

    if (request->caller.role == API_AGENT) {
        api_problem(request, 403, NULL, "Events are of all of the tenant, which you may not see.");
        return;
    }
    res = live_stream_open(&stream, nodes->hub, request->domain, &request->caller,
                           http_header(request->http, "Last-Event-ID"));
    if (res) {
        refuse(request, res);
        return;
    }
    request->response->content_type = "text/event-stream";
    request->response->stream = (struct http_stream){
        .read = live_stream_read, .close = live_stream_close, .arg = stream, .length = -1};
}

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/domains/{domain}/events",
        .scope = API_LIVE_READ,
        .name = "stream_events",
        .tag = "Events",
        .summary =
            "Stream what happens to calls, registrations and queues (server-sent events): first "
            "a snapshot, or what came behind Last-Event-ID",
        .reply_type = "text/event-stream",
        .handler = stream_events,
    },
};

const struct api_routes live_event_routes = {routes, DP_COUNT(routes)};
