/* What the parts of `dialplane serve` share. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "api/server.h"
#include "cmd/common.h"
#include "edge/edge.h"
#include "http/server.h"
#include "media/asterisk/agi.h"
#include "media/freeswitch/node.h"
#include "media/peers.h"
#include "store/listen.h"
#include "tenant/registry.h"
#include "webhook/deliver.h"

/* Counted per answer to a media server, by what was asked for and what became of it. */
enum serve_kind { SERVE_FREESWITCH, SERVE_REALTIME, SERVE_KINDS };
enum serve_result {
    SERVE_FOUND,
    SERVE_NOT_FOUND,
    SERVE_REFUSED, /* the request is none */
    SERVE_LATE,    /* the tenant is not in memory, and the database away */
    SERVE_FAILED,  /* our own fault */
    SERVE_RESULTS
};

struct live_nodes;
struct serve_live;

struct serve {
    struct cmd_node node;
    struct registry *registry;
    struct peers *peers;
    struct edge **edges;
    size_t edge_count;
    struct fs_node **media; /* none when the media server is not FreeSWITCH */
    size_t media_count;
    struct listen *listen;
    struct http_server *documents;
    struct api *api;
    struct serve_live *live; /* what the API's live views ask */
    struct agi *agi;
    struct webhooks *webhooks;
    char **turn_urls; /* where browsers find a relay; none where there is no TURN */
    size_t turn_url_count;
    bool database_away; /* the listener's thread only: said so already */
    atomic_uint_fast64_t answers[SERVE_KINDS][SERVE_RESULTS];
};

/*
 * Starts the listener of the database's notices (serve_events.c), which uses the registry, the
 * edges and the media nodes.
 */
int serve_listen_start(struct serve *serve, struct err *err) DP_CHECK;

/* The nodes that live views ask, and the events of who watches a tenant; after the registry. */
int serve_live_start(struct serve *serve, struct err *err) DP_CHECK;
const struct live_nodes *serve_live_nodes(const struct serve *serve);
/* After the API, which waits for its streams. */
void serve_live_stop(struct serve *serve);

/* Fills serve->turn_urls, which the API is told; cleared in any case. */
int serve_turn_find(struct serve *serve, struct err *err) DP_CHECK;
void serve_turn_clear(struct serve *serve);

/* Starts the listener for media servers (control.documents_port), which uses all the rest. */
int serve_documents_start(struct serve *serve, struct err *err) DP_CHECK;

/*
 * GET /healthz: JSON that says how things are. 200 when tenants can be served: "ok" as the database
 * has them, "stale" as they were last known; 503 "starting" before.
 */
void serve_healthz(void *arg, const struct http_request *request, struct http_response *response);

/* GET /metrics, for Prometheus (text exposition format 0.0.4). */
void serve_metrics(void *arg, const struct http_request *request, struct http_response *response);
