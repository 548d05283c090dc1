/* Logging in and out, and what an operator does about himself. docs/access.md has the reasoning. */
#pragma once

#include "api/access_private.h"
#include "api/route.h"

extern const struct api_routes api_session_routes;

/* Failures that are free before each further one doubles the wait. */
enum { API_LOGIN_FREE = 10 };

/* Handlers. */
void api_log_in(struct api_request *request);
void api_who_am_i(struct api_request *request);
void api_log_out(struct api_request *request);
void api_own_password(struct api_request *request);
void api_totp_enrol(struct api_request *request);
void api_totp_confirm(struct api_request *request);
void api_totp_disable(struct api_request *request);
void api_own_sessions(struct api_request *request);
void api_end_own_session(struct api_request *request);
void api_end_own_sessions(struct api_request *request);
void api_end_sessions(struct api_request *request);

/* The session that asks, which the core has found good a moment ago. Ends the rights that the
 * transaction has had. */
int api_session_current(struct api_request *request, struct api_session *session) DP_CHECK;

/*
 * From here on the request's transaction has the rights of who looks after callers
 * (dialplane_access). Negative: the response is a problem.
 */
int api_session_rights(struct api_request *request) DP_CHECK;

/* Keeps what was done, whatever the answer will be, and goes on in a new transaction. */
int api_session_keep(struct api_request *request) DP_CHECK;

/*
 * A string of the body. NULL, and the response is a problem, when it is missing (unless
 * `optional`), empty or longer than `max` bytes; NULL without a problem when it is optional and
 * missing.
 */
const char *api_session_word(struct api_request *request, const char *name, size_t max,
                             bool optional);

/*
 * Whether this is the password of the operator who asks, who is given only so many guesses: whoever
 * finds an open session does not find out the password by it. Otherwise the response is a problem.
 * What was counted is forgotten by api_session_confirmed, when everything else was right, too.
 */
int api_session_confirm(struct api_request *request, const char *password) DP_CHECK;
int api_session_confirmed(struct api_request *request) DP_CHECK;
/* The same count for a code. */
int api_session_own_attempt(struct api_request *request) DP_CHECK;

/*
 * Counts an attempt for these keys (an array as PostgreSQL writes it). 0, or the response is a
 * problem: 429 while one of them has to wait.
 */
int api_session_attempt(struct api_request *request, const char *keys) DP_CHECK;

/* It was none that failed; `own` as voip.login_success has it. */
int api_session_success(struct api_request *request, const char *keys, bool own) DP_CHECK;

/*
 * Takes a code of an operator (his id as text), for good: the same one is not taken twice. One of
 * his authenticator, or one of his recovery codes. 0; -EINVAL when it is none; other errors: the
 * response is a problem.
 */
int api_session_code(struct api_request *request, const char *operator_id,
                     const char *code) DP_CHECK;

/* Who asks, as JSON: the reply to logging in and to GET. NULL without memory. */
json_t *api_session_reply(const struct api_caller *caller, const char *domain,
                          const struct api_session *session);
