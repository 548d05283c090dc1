/*
 * The transaction of a request. PostgreSQL keeps tenants apart: what a request does, it does with
 * the rights of dialplane_tenant and sees one tenant's rows. Which tenant that is comes from the
 * caller when he is of one, and only for the platform's callers from the path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "base/log.h"

/* Neither of these fails for a reason that a client can do something about. */
static int run_plain(struct api_request *request, const char *sql, int count,
                     const char *const values[], PGresult **out)
{
    PGresult *result = NULL;
    struct err err = {""};
    int res = api_run(request->conn, sql, count, values, &result, &err);

    if (res == -ENOTCONN)
        api_unavailable(request, "the database does not answer");
    else if (res)
        api_refusal(request, NULL, "", result);
    if (!res && out)
        *out = result;
    else
        PQclear(result);
    return res;
}

int api_query(struct api_request *request, const char *sql, int count, const char *const values[],
              PGresult **out)
{
    return run_plain(request, sql, count, values, out);
}

static int act_as(struct api_request *request, const char *role, int64_t domain_id)
{
    char id[24] = "";
    const char *values[] = {role, id};

    if (domain_id)
        (void)!str_printf(id, sizeof(id), "%lld", (long long)domain_id);
    return run_plain(request,
                     "SELECT set_config('role', $1, true), set_config('voip.domain_id', $2, true)",
                     2, values, NULL);
}

/* The id of the path's tenant as far as the present role sees it. -ENOENT. */
static int find_domain(struct api_request *request)
{
    const char *values[] = {request->domain};
    PGresult *rows = NULL;
    int res = run_plain(request, "SELECT id FROM voip.domains WHERE name = $1", 1, values, &rows);

    if (res)
        return res;
    if (PQntuples(rows) == 1)
        request->domain_id = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    else
        res = -ENOENT;
    PQclear(rows);
    if (res)
        api_not_found(request);
    return res;
}

static int set_rights(struct api_request *request)
{
    int64_t own = request->caller.domain_id;
    int res = act_as(request, own ? "dialplane_tenant" : "dialplane_platform", own);

    if (res || !request->domain[0])
        return res;
    res = find_domain(request);
    if (!res && !own)
        res = act_as(request, "dialplane_tenant", request->domain_id);
    return res;
}

int api_begin(struct api_request *request)
{
    int res = run_plain(request, "BEGIN", 0, NULL, NULL);

    return res ? res : set_rights(request);
}

int api_begin_anew(struct api_request *request)
{
    int res = run_plain(request, "ROLLBACK", 0, NULL, NULL);

    return res ? res : api_begin(request);
}

/* Nothing of what was about to be sent is. */
static void drop_stream(struct http_response *response)
{
    if (response->stream.close)
        response->stream.close(response->stream.arg);
    response->stream = (struct http_stream){0};
}

/* Constraints may be checked only now, and the server may have gone away: what was answered is not
 * sent before it is true. */
static void commit(struct api_request *request)
{
    PGresult *result = NULL;
    struct err err = {""};
    int res = api_run(request->conn, "COMMIT", 0, NULL, &result, &err);

    if (!res && strcmp(PQcmdStatus(result), "COMMIT") == 0) {
        PQclear(result);
        return;
    }
    buf_reset(&request->response->headers);
    drop_stream(request->response);
    if (res == -ENOTCONN)
        api_unavailable(request, "the database went away: what was asked for may have been done");
    else if (res)
        api_refusal(request, NULL, "", result);
    else
        api_problem(request, 500, NULL, "what was asked for was taken back");
    PQclear(result);
}

void api_end(struct api_request *request)
{
    if (!request->conn || PQtransactionStatus(request->conn) == PQTRANS_IDLE)
        return;
    if (request->response->status < 400 && !request->dry_run)
        commit(request);
    /* What is left is rolled back when the connection is released. */
}

PGconn *api_keep_connection(struct api_request *request)
{
    PGconn *conn = request->conn;

    request->conn = NULL;
    return conn;
}
