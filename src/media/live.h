/*
 * What a media server can be asked, and told to do, about this moment: the same for FreeSWITCH
 * (event socket) and Asterisk (manager interface). One connection per question, so any thread may
 * ask, and nothing waits longer than MEDIA_LIVE_MS.
 *
 * Errors of all of them: -ENOENT, the node has no such call; -EREMOTEIO, the server refused, `err`
 * says what; -EINVAL, a name that cannot be part of a command; -ECONNREFUSED, -ETIMEDOUT,
 * -ECONNRESET, -EPROTO, -EACCES: nobody there, or nobody we know; -ENOMEM.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { MEDIA_LIVE_MS = 2000 };

struct media_live; /* the functions of one kind of server: media_freeswitch, media_asterisk */

extern const struct media_live media_freeswitch, media_asterisk;

/* A media node of the deployment. */
struct media_place {
    const struct media_live *server;
    const char *name;    /* of the node */
    const char *address; /* its inside address, numeric */
    uint16_t event_port;
    const char *password;
    const char *edge; /* "<address>:<port>" of the edge that legs go to */
};

/* A call of a tenant, as the edge calls it; its names are checked here. */
struct media_call {
    const char *id;     /* uuid */
    const char *start;  /* seconds since 1970 with fractions */
    const char *domain; /* of the tenant */
};

enum media_side { MEDIA_CALLER, MEDIA_CALLEE };

struct media_info {
    char version[64];
    uint64_t calls; /* channels on the node */
};

int media_info(const struct media_place *place, struct media_info *out, struct err *err) DP_CHECK;

/*
 * Has the phones of the user `username` of the call's tenant called, who then hears both sides of
 * the call and is heard by none. Returns when the phones are being called.
 */
int media_listen(const struct media_place *place, const struct media_call *call,
                 const char *username, struct err *err) DP_CHECK;

/*
 * Sends one side of the call to `number` of its tenant, as if the other one had transferred it
 * (REFER); the other one is hung up.
 */
int media_transfer(const struct media_place *place, const struct media_call *call,
                   enum media_side side, const char *number, struct err *err) DP_CHECK;

/* Ends the call: it is nobody of the two who hangs up. */
int media_hangup(const struct media_place *place, const struct media_call *call,
                 struct err *err) DP_CHECK;

/*
 * Who waits in the queue of that id, and who of its agents does what, as far as this node knows:
 * appends to the arrays
 *
 *   `waiting`: {position, number, name, joined_at (seconds since 1970)}
 *   `agents`: {username, state ("idle", "ringing", "talking"), calls, last_call_at (0: none)}
 *
 * A queue that the node has not loaded, because nobody has called it there, is an empty one.
 */
int media_queue(const struct media_place *place, const char *domain, int64_t id, json_t *waiting,
                json_t *agents, struct err *err) DP_CHECK;
