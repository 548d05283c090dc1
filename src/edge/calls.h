/*
 * The calls of a tenant as they are now, from the dialogs of the edge nodes.
 *
 * A call is one dialog of the caller's (leg 0) and one for each leg that a media server has set up.
 * The edge names every dialog <tenant>/<id of the call> (conf/kamailio/records.cfg), so all dialogs
 * of a call, or of a tenant, are those whose name begins so. A node hands out at most
 * EDGE_CALLS_DIALOGS at a time: of a tenant with more, the calls whose id begins with 0, 1, 2 … are
 * asked for one after the other, and where those are too many 00, 01, 02 …. So neither the node nor
 * we have more in hand than that, however many calls there are.
 */
#pragma once

#include "edge/pool.h"

enum { EDGE_CALLS_DIALOGS = 200 };

/* A media node, and how the edge's list calls it (sip:<address>:<port>). */
struct edge_media {
    const char *name, *uri;
};

/*
 * Up to `limit` calls of the tenant in the order of their ids, behind the id `after` ("": from the
 * beginning), into the array `calls`; `more`: there are others behind. Of each an object:
 *
 *   id, state ("ringing", "answered"), direction, from, to, reached, service, trunk, started_at,
 *   answered_at (RFC 3339, null), edge and media (names of nodes, null), sip_call_id, recorded,
 *   legs: [{state, from, to, reached, service, started_at, answered_at, edge, media, sip_call_id,
 *   listening}]
 *
 * -ENOMEM; nodes that do not answer are left out (edge_pool_silent).
 */
int edge_calls_list(struct edge_pool *pool, const struct edge_media media[], size_t media_count,
                    const char *domain, const char *after, size_t limit, json_t *calls, bool *more,
                    struct err *err) DP_CHECK;

/* A call that somebody wants to do something with. */
struct edge_call {
    json_t *view;      /* as above */
    json_t *dialogs;   /* as the nodes have them, "node": the number of the node */
    char start[32];    /* $dlg_var(start): seconds since 1970 with fractions */
    const char *media; /* the name of the media node that has the caller, or NULL */
    bool is_answered;  /* by whomever */
    bool is_on_media;  /* by a media server: what it says of the call is the call's record */
    bool is_recorded;  /* by a media server that has no other part in it */
};

/* The tenant's call. -ENOENT: no node that answers has such a call. Freed with edge_call_free. */
int edge_call_find(struct edge_pool *pool, const struct edge_media media[], size_t media_count,
                   const char *domain, const char *id, struct edge_call *out,
                   struct err *err) DP_CHECK;
void edge_call_free(struct edge_call *call);

/*
 * Asks the phone of one side of a call that no media server has to call `number` of the tenant
 * `domain` instead; the other side is hung up when that was answered. 0: it was asked, and may
 * refuse. -EOPNOTSUPP: that side is no phone of ours but a carrier; -ENOENT, and otherwise as of
 * edge_pool_call.
 */
int edge_call_refer(struct edge_pool *pool, const struct edge_call *call, bool is_caller,
                    const char *domain, const char *number, struct err *err) DP_CHECK;

/*
 * Ends the call: whoever talks gets BYE, whoever rings CANCEL. -ENOENT when it has ended meanwhile;
 * otherwise as of edge_pool_call.
 */
int edge_call_end(struct edge_pool *pool, const struct edge_call *call, struct err *err) DP_CHECK;
