/*
 * Asterisk's realtime lookups over HTTP (res_config_curl), for the family `voicemail`: which
 * mailboxes there are, and where their mail goes.
 *
 * | path    | asked for                       | answer |
 * |---------|---------------------------------|----------------------------------------------------|
 * | single  | mailbox=1001&context=acme.test  | the mailbox in one line, "" when there is none | |
 * multi   | context=acme.test               | all its mailboxes, one a line                      |
 * | update, store, destroy | anything         | 0: nothing was changed, nothing is to be changed |
 * | require | anything                        | 0: the columns are as they should be |
 *
 * Every answer is 200: res_config_curl takes the text of any other for a row. It cannot send
 * credentials either, so nothing here is secret; a mailbox's PIN is asked for by the dialplan and
 * checked by the script mailbox-pin (agi_scripts.h).
 */
#pragma once

#include "base/buf.h"
#include "base/compiler.h"
#include "http/form.h"
#include "tenant/snapshot.h"

/* The tenant that is asked about; "" when it is not one. Points into the form. */
const char *realtime_domain(const struct form *form);

/*
 * Appends the answer to `operation` (the last part of the path). `snapshot` is the tenant, NULL
 * when there is none. -ENOENT for another operation; -EIO without random numbers; -ENOBUFS or
 * -ENOMEM of the buffer.
 */
int realtime_answer(const char *operation, const struct form *form, const struct snapshot *snapshot,
                    struct buf *out) DP_CHECK;
