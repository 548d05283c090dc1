/*
 * The scripts that Asterisk's dialplan asks for (conf/asterisk/extensions.conf). Each answers with
 * channel variables, DP_RESULT last: when it is set, the others are there.
 *
 * | script         | arguments       | variables                                                |
 * |----------------|-----------------|----------------------------------------------------------|
 * | ivr            | domain, id      | IVR_GREETING, IVR_INVALID, IVR_TIMEOUT (seconds),        |
 * |                |                 | IVR_TRIES, IVR_ENTRY_<digit> = number, IVR_DIRECT        |
 * |                |                 | (digits of the longest number to dial, 0: none);         |
 * |                |                 | DP_RESULT ok / notfound                                  |
 * | direct         | domain, id,     | DP_RESULT ok (may be dialled in the menu `id`) / bad     |
 * |                | number          |                                                          |
 * | voicemail      | domain, id      | BOX_MAX (messages); of mail MAIL_TO (an address, or ""), |
 * |                |                 | MAIL_OPTIONS (of `dialplane mail`), MAIL_TIMEZONE;       |
 * |                |                 | DP_RESULT ok / notfound                                  |
 * | mailbox-pin    | domain, id, pin | DP_RESULT ok / bad / notfound                            |
 * | queue          | domain, id      | QUEUE_MAX_WAIT (seconds, "" for ever), QUEUE_MUSIC (the  |
 * |                |                 | class of its own music, or ""); DP_RESULT ok / notfound. |
 * |                |                 | What the queue is: realtime.h                            |
 * | agent          | domain, user    | DP_RESULT ok (takes calls of his queues) / away          |
 * | conference     | domain, id      | CONF_MAX; CONF_PIN, CONF_ANNOUNCE, CONF_WAIT (yes / no); |
 * |                |                 | DP_RESULT ok / notfound                                  |
 * | conference-pin | domain, id, pin | DP_RESULT ok / moderator / bad / notfound                |
 * | announcement   | domain, id      | ANNOUNCEMENT_PROMPT, ANNOUNCEMENT_THEN (number or empty); |
 * |                |                 | DP_RESULT ok / notfound                                  |
 * | ring-group     | domain, id      | RING_TOGETHER (1: all at once), RING_MEMBERS (how many), |
 * |                |                 | RING_MEMBER_<n> = <kind>-<delay>-<seconds>-<number>,     |
 * |                |                 | kind user, idle (not when in a call), outside or         |
 * |                |                 | confirm; RING_BY_IDLE (1: wants ring-group-ended);       |
 * |                |                 | DP_RESULT ok / notfound                                  |
 * | ring-group-    | domain, id,     | none: a call that this member had taken has ended        |
 * | ended          | member          |                                                          |
 * | paging         | domain, id      | PAGING_USERS (how many), PAGING_USER_<n> = name, of the  |
 * |                |                 | ring group with this id; DP_RESULT ok / notfound         |
 * | mailbox-counts | domain, id,     | none: so many messages are in the mailbox now            |
 * |                | new, saved      |                                                          |
 */
#pragma once

#include "base/buf.h"
#include "base/compiler.h"
#include "media/asterisk/agi_protocol.h"
#include "tenant/snapshot.h"

/*
 * Appends to `out` the commands that answer the request, one a line. `snapshot` is the tenant of
 * its argument `domain`, NULL when there is none. -EINVAL when there is no such script or its
 * arguments are not right; -ENOMEM or -ENOBUFS of `out`.
 */
int agi_script_run(const struct agi_request *request, const struct snapshot *snapshot,
                   struct buf *out) DP_CHECK;
