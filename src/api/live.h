/*
 * Live views: registrations, calls, queues and agents, nodes; what can be done to a call. They come
 * from the edge and media nodes at the moment of the request, not from the database, which says
 * only what the tenant has (and by row-level security, whose it is).
 */
#pragma once

#include "api/route.h"
#include "edge/calls.h"
#include "edge/pool.h"
#include "media/live.h"

struct live_hub;

/* The nodes of the deployment; stays as long as the API runs. */
struct live_nodes {
    const struct edge_place *edges;
    size_t edge_count;
    const struct media_place *media;
    const struct edge_media *media_uris; /* of the same nodes */
    size_t media_count;
    struct live_hub *hub; /* of events (api/live_hub.h) */
};

extern const struct api_routes live_call_routes, live_registration_routes, live_queue_routes,
    live_node_routes, live_event_routes;

/* limit and cursor, of the lists of live views. */
extern const struct api_param live_paging[];

/* Handlers of agents (live_queues_agents.c), whose routes are those of queues. */
void live_list_agents(struct api_request *request);
void live_set_agent(struct api_request *request);

/* A pool of the edges, for edge_pool_close; NULL: the response is a problem. */
struct edge_pool *live_edges(struct api_request *request) DP_CHECK;

/* The media node of the name, or NULL. */
const struct media_place *live_media(const struct live_nodes *nodes, const char *name);

/*
 * An entry of the audit log, in the request's transaction: before what is done, which is then not
 * done without it. `before` and `after` are taken over (NULL: there is none). Negative: the
 * response is a problem.
 */
int live_audit(struct api_request *request, const char *resource, json_t *before,
               json_t *after) DP_CHECK;

/* 500 for want of memory. */
void live_no_memory(struct api_request *request);

/*
 * The name of the user whose things alone the caller may see: "" for everybody else's who may see
 * all. Negative: the response is a problem.
 */
int live_own_name(struct api_request *request, char out[STR_EXTENSION_MAX + 1]) DP_CHECK;

/* Whether the user has a part in the call (live_own_name; "": everybody has). */
bool live_is_of(const json_t *call, const char *username);

/*
 * Replies {"items": …, "next": …, "silent": …}: `items` is taken over; `next` is the last key of
 * the list `order`, NULL at its end; `silent` are the edges that do not answer, so that something
 * may be missing.
 */
void live_reply_list(struct api_request *request, json_t *items, const char *order,
                     const char *next, const struct edge_pool *pool);
