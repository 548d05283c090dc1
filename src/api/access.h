/*
 * Who asks: an API key or an operator's session, what its holder may do, and from where. What keeps
 * tenants apart is not here but in PostgreSQL: a caller of a tenant is given that tenant's rows.
 */
#pragma once

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http/server.h"

enum { API_CALLER_NAME_SIZE = 256 };

/* What a key may be allowed, and a role is: one bit each. */
enum api_scope {
    API_SCOPE_NONE = 0, /* of a route: whoever is known */
    API_CONFIG_READ = 1 << 0,
    API_CONFIG_WRITE = 1 << 1,
    API_CDR_READ = 1 << 2,
    API_RECORDING_READ = 1 << 3,
    API_RECORDING_WRITE = 1 << 4,
    API_LIVE_READ = 1 << 5,
    API_LIVE_WRITE = 1 << 6,
    API_VOICEMAIL_READ = 1 << 7,
    API_VOICEMAIL_WRITE = 1 << 8,
    API_ACCESS_READ = 1 << 9,
    API_ACCESS_WRITE = 1 << 10,
    API_AUDIT_READ = 1 << 11,
    API_WEBRTC_WRITE = 1 << 12,
};
enum { API_SCOPES = 13 };

enum api_caller_kind {
    API_NOBODY,
    API_KEY,
    API_OPERATOR,
    API_SHELL, /* whoever runs `dialplane` on the machine: for the audit log */
};
enum api_role {
    API_ROLE_NONE, /* of a key: its scopes say everything */
    API_PLATFORM_ADMIN,
    API_TENANT_ADMIN,
    API_SUPERVISOR,
    API_AGENT,
};

struct api_caller {
    enum api_caller_kind kind;
    int64_t id; /* of voip.api_keys or voip.operators */
    char name[API_CALLER_NAME_SIZE];
    enum api_role role;
    int64_t domain_id; /* the only tenant that he may see; 0: the platform */
    int64_t user_id;   /* of an agent: who he is among the tenant's users; 0: nobody */
    uint32_t scopes;   /* of enum api_scope */
    char address[INET6_ADDRSTRLEN];
};

struct api_access;

/*
 * What is kept in memory: rate limits, and who is believed what he says of where a request comes
 * from: the machine itself, and these addresses (numeric; copied). Shared by all threads. -ENOMEM,
 * -EINVAL for what is no address.
 */
int api_access_new(struct api_access **out, const char *const proxies[], size_t count) DP_CHECK;
void api_access_free(struct api_access *access); /* NULL is allowed */

/*
 * Finds out who asks. `conn` is outside of any transaction, and so it is afterwards. 0 with `out`
 * filled; negative with `response` already a problem: 401, 403 (a write of a session without its
 * CSRF token), 429, 503.
 */
int api_access_check(struct api_access *access, PGconn *conn, const struct http_request *request,
                     struct api_caller *out, struct http_response *response) DP_CHECK;

/*
 * Whether he may do this to whatever he can see. An agent never: what he may do is limited to what
 * belongs to his own user.
 */
bool api_caller_may(const struct api_caller *caller, enum api_scope scope);

/* The same for a route that shows an agent (role API_AGENT) what is user_id's, and nothing else. */
bool api_caller_may_own(const struct api_caller *caller, enum api_scope scope);

/* "config:read" and so on; of one scope, for messages and the OpenAPI document. "" of NONE. */
const char *api_scope_name(enum api_scope scope);
