/*
 * The documents FreeSWITCH takes from the control plane, all from a tenant's snapshot.
 *
 * | section       | asked for                              | answer                               |
 * |---------------|----------------------------------------|--------------------------------------|
 * | directory     | a user, by id or number-alias          | the user, the mailbox of that number |
 * |               | the group "users"                      | every user                           |
 * |               | a domain; purpose gateways,            | the domain, with nothing in it       |
 * |               | network-list                           |                                      |
 * | dialplan      | context from-edge                      | what to do with this very call       |
 * | configuration | ivr.conf: menu <domain>/<id>           | the menu                             |
 * |               | callcenter.conf: queue <id>@<domain>   | the queue, its agents and tiers      |
 * |               | conference.conf: profile <domain>/<id> | the profile                          |
 *
 * Anything else is not found: FreeSWITCH then looks into its own files.
 *
 * - A user is never without credentials: FreeSWITCH lets in anybody as a user who has none.
 * - No user has the attribute "cacheable": the key of that cache is user and domain without a
 *   separator, so 100 of 1a.com would be 1001 of a.com.
 * - The profile of mod_sofia, its access lists and everything else that depends on the node rather
 *   than on a tenant is in conf/freeswitch: a node has to start, and to speak with the edge, while
 *   the control plane is away.
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
 * Writes the document that answers the request into `out`, which is empty, and is so again after an
 * error. `snapshot` is the tenant of fs_request_domain. -ENOENT when there is no such thing: the
 * answer is the not-found document; -ENOBUFS when it does not fit, as a group of more than some
 * 1,500 users does not fit into the 1 MiB that mod_xml_curl takes; -EIO without random numbers;
 * -ENOMEM.
 */
int fs_document(const struct fs_request *request, const struct snapshot *snapshot,
                struct buf *out) DP_CHECK;

/* The document that says that there is no such thing. -ENOBUFS, -ENOMEM. */
int fs_document_not_found(struct buf *out) DP_CHECK;
