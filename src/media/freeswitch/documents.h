/*
 * The documents FreeSWITCH takes from the control plane, all from a tenant's snapshot.
 *
 * | section       | asked for                          | answer |
 * |---------------|------------------------------------|--------------------------------------------|
 * | directory     | user by id                         | the user, the mailbox of that number | |
 * directory     | purpose gateways, network-list     | not found: we have none                    |
 * | configuration | ivr.conf, Menu-Name=<domain>/<id>  | the menu | | anything else | | not found:
 * FreeSWITCH then looks elsewhere |
 *
 * A user is never without credentials: FreeSWITCH lets in anybody as a user who has none.
 */
#pragma once

#include "base/buf.h"
#include "base/compiler.h"
#include "media/freeswitch/request.h"
#include "tenant/snapshot.h"

enum { FS_DOMAIN_SIZE = 256 };

/*
 * The tenant that the request is about. -ENOENT when it is about none, and the answer is the
 * not-found document.
 */
int fs_request_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE]) DP_CHECK;

/*
 * Appends the document that answers the request. `snapshot` is the tenant of fs_request_domain.
 * -ENOENT when there is no such thing: the answer is the not-found document; -EIO without random
 * numbers; -ENOBUFS or -ENOMEM of the buffer.
 */
int fs_document(const struct fs_request *request, const struct snapshot *snapshot,
                struct buf *out) DP_CHECK;

/* The document that says that there is no such thing. -ENOBUFS, -ENOMEM. */
int fs_document_not_found(struct buf *out) DP_CHECK;
