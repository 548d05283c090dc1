/*
 * Routes of the API, and the request that their handlers get. Every route is a row of a table, with
 * what the OpenAPI document says of it; src/api/routes.c has the list of tables. What is in no
 * table cannot be reached.
 */
#pragma once

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/access.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/str.h"
#include "http/server.h"

#define API_PREFIX "/api/v1"

enum {
    API_PATH_PARAMS = 4,      /* {variables} of a path, at most */
    API_REQUEST_ID_SIZE = 65, /* with its NUL */
};

struct api;
struct api_request;

typedef void (*api_handler)(struct api_request *request);

/* JSON types of parameters, columns and replies, as OpenAPI has them. */
enum api_type {
    API_TEXT,
    API_INTEGER,
    API_BOOLEAN,
    API_TIMESTAMP, /* RFC 3339 */
    API_DATE,      /* 2026-12-24 */
    API_TIME,      /* 09:30, to 24:00 */
    API_ID,        /* of a row: a number above 0 */
    API_REFERENCE, /* the id of a row of `refers_to` */
    API_ENUM,      /* one of `words` */
    API_ARRAY,     /* of text; of `words` where there are some */
    API_SECRET,    /* text that is never read back */
    API_JSON,      /* any value */
    API_UUID,
};

/* A parameter of the query, for the OpenAPI document. Path variables describe themselves. */
struct api_param {
    const char *name; /* NULL: the end of the list */
    enum api_type type;
    const char *about;        /* one sentence */
    const char *const *words; /* of API_ENUM, ended by NULL */
};

enum {
    API_PUBLIC = 1 << 0,         /* nobody has to say who he is */
    API_PLATFORM = 1 << 1,       /* platform-wide callers only: 404 for those of a tenant */
    API_NO_TRANSACTION = 1 << 2, /* the handler does without request->conn, which is NULL */
    API_RAW_BODY = 1 << 3,       /* the body is not JSON: the handler reads http_body() */
    API_DRY_RUN = 1 << 4,        /* takes dry_run=true */
    API_CONDITIONAL = 1 << 5,    /* takes If-Match, or If-None-Match when it reads */
    API_IDEMPOTENT = 1 << 6,     /* takes Idempotency-Key */
    API_OWN = 1 << 7,            /* shows an agent what is his own user's, and nothing else */
    API_LISTS = 1 << 8,          /* takes filters, order and pages of its arg, a resource */
};

struct api_route {
    const char *method; /* GET (HEAD is one), POST, PATCH, DELETE */
    /* Below /api/v1: "/domains/{domain}/calls/{id}". {domain} is a tenant's name: the request's
     * transaction acts for that tenant and no other. Segments of {id} are numbers unless `id_type`
     * says otherwise. */
    const char *path;
    enum api_scope scope;
    unsigned int flags;
    const char *name;              /* operationId: list_calls */
    const char *tag;               /* heading of the document: "Calls" */
    const char *summary;           /* a sentence without its full stop */
    const struct api_param *query; /* NULL: none */
    /* JSON Schemas, as text: of the body and of the reply. NULL: there is none. */
    const char *body_schema, *reply_schema;
    const char *reply_type; /* content type; NULL: application/json */
    const char *body_type;  /* the same of the body */
    unsigned int status;    /* of success; 0: 200 */
    api_handler handler;
    const void *arg;       /* of the handler's own */
    enum api_type id_type; /* of all variables but {domain}: API_TEXT (0) means API_ID here;
                              API_UUID; API_SECRET: any text */
    enum api_type
        last_type; /* of the last variable, where it is another one's; API_TEXT: id_type */
};

/* A table of routes, as listed in src/api/routes.c. */
struct api_routes {
    const struct api_route *routes;
    size_t count;
};

/* One request on its way. Everything in it lives until the handler returns. */
struct api_request {
    struct api *api;
    const struct http_request *http;
    struct http_response *response;
    const struct api_route *route;
    struct api_caller caller;
    char id[API_REQUEST_ID_SIZE]; /* X-Request-Id */
    /* The path's tenant; "" and 0 where the path has none. */
    char domain[STR_DOMAIN_MAX + 1];
    int64_t domain_id;
    const char
        *param[API_PATH_PARAMS]; /* values of the path's variables without {domain}, in order */
    /*
     * In a transaction, as dialplane_tenant with voip.domain_id set when the path has a domain or
     * the caller is of a tenant, otherwise as dialplane_platform. It is committed when the handler
     * has returned with a status below 400, and taken back otherwise and after dry_run.
     */
    PGconn *conn;
    json_t *body; /* of POST and PATCH: an object (checked); NULL when there is none */
    bool dry_run;
    bool takes_digests;    /* HA1 may be given for a password: files of tenants, never requests */
    const char *savepoint; /* to which what is refused is taken back; NULL: all is */
    int64_t reverts;       /* the entry of the audit log that this takes back; 0: none */
    json_t *faults;        /* of the body, that were told with api_fault; NULL: none yet */
};

/*
 * One statement with text parameters ($1 …; NULL is SQL's null) in the request's transaction. 0
 * with `out` (may be NULL) the caller's, for PQclear; otherwise the response is a problem made from
 * what PostgreSQL says: 409, 422, 503, 500. The transaction is then of no more use.
 */
int api_query(struct api_request *request, const char *sql, int count, const char *const values[],
              PGresult **out) DP_CHECK;

/*
 * For a handler whose answer goes on after it has returned (a stream): the connection with its
 * transaction is the handler's from here on, to be given back with api_release, from any thread.
 */
PGconn *api_keep_connection(struct api_request *request) DP_CHECK;
void api_release(struct api *api, PGconn *conn);

/* What `serve` told the API of the rest of it, struct api_parts of api/server.h. */
const struct api_parts *api_parts(const struct api *api);

/* -------------------------------------------------------------- answers */

/*
 * Makes the response a problem (RFC 9457). `pointer` is a JSON pointer into the body ("/number"),
 * or the name of a query parameter, or NULL.
 */
void api_problem(struct api_request *request, unsigned int status, const char *pointer,
                 const char *format, ...) DP_PRINTF(4, 5);

/*
 * Makes the response a 422 of everything that is wrong with the body, told one call at a time, each
 * with the JSON pointer of its place ("/number"); at most 50 of them. Returns -EINVAL.
 */
int api_fault(struct api_request *request, const char *pointer, const char *format, ...)
    DP_PRINTF(3, 4);

/* A problem with more members, `more` (taken over; may be NULL): used_by, errors. */
void api_problem_more(struct api_request *request, unsigned int status, const char *pointer,
                      json_t *more, const char *format, ...) DP_PRINTF(5, 6);

/* The 404 that says nothing of why: the same bytes for what is another's and what is not there. */
void api_not_found(struct api_request *request);

/* 200 (or `status`) with this JSON, which is taken over. */
void api_reply(struct api_request *request, unsigned int status, json_t *value);

/* -------------------------------------------------------------- paging, the words of all lists */

enum { API_LIMIT_DEFAULT = 50, API_LIMIT_MAX = 500, API_CURSOR_KEYS = 3 };

/* limit= of the query. -EINVAL, and the response is a problem. */
int api_limit(struct api_request *request, unsigned int *out) DP_CHECK;

/*
 * An opaque cursor of `count` texts (at most API_CURSOR_KEYS), the first of which names the sort
 * order, and back: 0 with count texts in `json` (an array; the caller's), -ENOENT when the query
 * has no cursor, -EINVAL when it is none of this order, and the response is a problem. What is in a
 * cursor comes from the client: values for parameters, never SQL.
 */
int api_cursor_make(struct buf *out, size_t count, const char *const keys[]) DP_CHECK;
int api_cursor_read(struct api_request *request, size_t count, const char *order,
                    json_t **out) DP_CHECK;
