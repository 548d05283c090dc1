/* What access.c and the files of sessions share. */
#pragma once

#include "api/access.h"
#include "api/origin.h"
#include "api/token.h"
#include "base/err.h"

/* Where the request comes from. */
void api_access_origin(const struct api_access *access, const struct http_request *request,
                       struct api_origin *out);

/* Names of the two cookies: over TLS a browser takes them from this very host only (RFC 6265bis).
 */
const char *api_session_cookie(const struct api_origin *origin);
const char *api_device_cookie(const struct api_origin *origin);

/* A session's token is there: what PostgreSQL says of it. */
struct api_session {
    char token[API_TOKEN + 1];
    char csrf[API_TOKEN + 1];
    int64_t id;
    char expires_at[40]; /* as PostgreSQL writes it as JSON, without quotes */
};

/*
 * The session of the request's cookie. 0 with both filled; -ENOENT when the request has none;
 * another negative errno when the response is a problem.
 */
int api_session_find(PGconn *conn, const struct http_request *request,
                     const struct api_origin *origin, struct api_session *session,
                     struct api_caller *caller, struct http_response *response) DP_CHECK;

/* 503 with Retry-After: the database is away, or does not answer. Returns -EIO. */
int api_access_away(struct http_response *response);

/* 401 with WWW-Authenticate. Returns -EACCES. */
int api_access_unknown(struct http_response *response, const char *detail);

/* 429 with Retry-After, in seconds. Returns -EAGAIN. */
int api_access_wait(struct http_response *response, unsigned int seconds, const char *detail);
