/*
 * Asterisk's realtime lookups over HTTP (res_config_curl): which mailboxes there are and how
 * long their messages are, what a queue is and who answers it.
 *
 * | path                 | asked for                      | answer                               |
 * |----------------------|--------------------------------|--------------------------------------|
 * | voicemail/single     | mailbox=1001&context=acme.test | the mailbox in one line              |
 * | voicemail/multi      | context=acme.test              | all its mailboxes, one a line        |
 * | queues/single        | name=7@acme.test               | the queue in one line                |
 * | queue_members/multi  | queue_name=7@acme.test         | its members, one a line              |
 * | queue_members/update | paused=1, ?uniqueid=<member>   | 1; he rests for a while (rests.h)    |
 * | musiconhold/single   | name=7@acme.test               | the queue's own music, one line      |
 * |                      | name=hold@acme.test            | the tenant's                         |
 * | musiconhold_entry/multi | name=7@acme.test            | the file of it                       |
 * | …/update, store, destroy, require | anything          | 0: nothing was changed, and the      |
 * |                      |                                | columns are as they should be        |
 *
 * What does not exist is an empty answer. Every answer is 200: res_config_curl takes the text of
 * any other for a row. Nothing secret is in them; PINs are asked for by the dialplan and compared
 * by scripts (agi_scripts.h).
 */
#pragma once

#include "base/buf.h"
#include "base/compiler.h"
#include "http/form.h"
#include "media/asterisk/rests.h"
#include "tenant/snapshot.h"

struct realtime_request {
    const char *path;        /* <family>/<operation> */
    const char *key;         /* `uniqueid` of the query, or NULL */
    const struct form *form; /* the body */
    struct rests *rests;
};

/* The tenant that is asked about; "" when it is not one. Points into the form. */
const char *realtime_domain(const struct form *form);

/*
 * Appends the answer. `snapshot` is the tenant, NULL when there is none. -ENOENT for another path;
 * -EIO without random numbers; -ENOBUFS or -ENOMEM of the buffer.
 */
int realtime_answer(const struct realtime_request *request, const struct snapshot *snapshot,
                    struct buf *out) DP_CHECK;
