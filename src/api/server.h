/* The listener of the management API: its threads, its connections to PostgreSQL, its routes. */
#pragma once

#include "api/route.h"
#include "base/err.h"
#include "store/pg.h"

struct edge;
struct fs_node;
struct live_nodes;
struct registry;

/* The parts of `dialplane serve` that handlers use; they stay as long as the API runs. */
struct api_parts {
    const char *state; /* the folder */
    const char *node;  /* this node's name */
    /* The secret by which recordings are read. */
    const char *recording_secret;
    /* The secrets of credentials for a while: the edge's, and TURN's; and where TURN is (turn:…).
     */
    const char *credential_key, *turn_key;
    const char *const *turn_urls;
    size_t turn_url_count;
    struct registry *registry;
    struct edge **edges;
    size_t edge_count;
    struct fs_node **media; /* none when the media server is not FreeSWITCH */
    size_t media_count;
    const struct live_nodes *live; /* what live views ask (api/live.h) */
};

struct api_options {
    const char *address; /* numeric IP */
    uint16_t port;       /* 0: any free one */
    struct pg_target database;
    const char *const *proxies; /* see api_access_new */
    size_t proxy_count;
    struct api_parts parts;
};

/* Starts to listen. Success says nothing about the database: without it requests get 503. */
int api_start(struct api **out, const struct api_options *options, struct err *err) DP_CHECK;

/* Answers what is under way, and frees. NULL is allowed. */
void api_stop(struct api *api);

/* Appends the OpenAPI document, as a running API has it. */
int api_document(struct buf *out, struct err *err) DP_CHECK;

uint16_t api_port(const struct api *api);
