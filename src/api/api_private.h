/* What the files of the core share. */
#pragma once

#include <pthread.h>

#include "api/resource.h"
#include "api/server.h"

enum {
    API_CONNECTIONS = 24, /* to PostgreSQL, at most: one per thread, and streams */
    API_WAIT_MS = 12000,  /* longer than the server's own statement timeout */
    API_STATEMENT_MS = 10000,
    API_SEGMENTS = 12, /* of a path, at most */
};

/* A route, its path cut into segments once. */
struct api_entry {
    const struct api_route *route;
    char *path; /* cut in place */
    const char *segment[API_SEGMENTS];
    size_t segments;
};

struct api {
    struct http_server *http;
    struct api_access *access;
    struct api_parts parts;
    struct pg_target database;
    struct http_route routes[2];

    struct api_entry *entries; /* all routes */
    size_t entry_count;
    struct api_route *made; /* those of resources, whose strings are `strings` */
    char **strings;
    size_t made_count, string_count;
    struct buf openapi, docs; /* made once */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t given;
    PGconn *idle[API_CONNECTIONS];
    size_t idle_count, taken;
};

/* -------------------------------------------------------------- connections (connections.c) */

/* -ENOTCONN: the database is away; -EBUSY: all are taken, for longer than a second. */
int api_take(struct api *api, PGconn **out, struct err *err) DP_CHECK;
void api_close_idle(struct api *api);

/* One statement. -ENOTCONN, or -EIO with `out` the server's refusal; 0 with `out` its rows. */
int api_run(PGconn *conn, const char *sql, int count, const char *const values[], PGresult **out,
            struct err *err) DP_CHECK;

/* -------------------------------------------------------------- transactions (transaction.c) */

/* Begins the request's transaction with its role and its tenant. Negative: the response is a
 * problem (404 when the path's tenant is not there, or not the caller's). */
int api_begin(struct api_request *request) DP_CHECK;
/* Keeps what was done, or takes it back, as the response says. */
void api_end(struct api_request *request);
/* Takes back what was done, and begins anew. */
int api_begin_anew(struct api_request *request) DP_CHECK;

/* -------------------------------------------------------------- routes (router.c, routes.c) */

extern const struct api_routes *const api_tables[]; /* ended by NULL */
extern const struct api_routes api_prompt_routes, api_document_routes, api_cdr_routes,
    api_recording_routes, api_voicemail_routes, api_webrtc_routes;

int api_resource_routes(struct api *api) DP_CHECK;
int api_routes_make(struct api *api) DP_CHECK;
void api_routes_free(struct api *api);

/* The route of the request's method and this path (below the prefix); NULL with the response a
 * problem (404, 405). Cuts the path, of which the parameters and the domain are then parts. */
const struct api_route *api_route_find(struct api_request *request, char *path,
                                       const char **domain) DP_CHECK;

/* -------------------------------------------------------------- requests (request.c, body.c) */

void api_on_request(void *arg, const struct http_request *http, struct http_response *response);

/* Reads the JSON of the body. -EINVAL, and the response is a problem. */
int api_body(struct api_request *request) DP_CHECK;

/* -------------------------------------------------------------- errors (sqlstate.c, used.c) */

/* Makes a problem of a refusal. `resource` may be NULL; `prefix` of JSON pointers, "" for none. */
void api_refusal(struct api_request *request, const struct api_resource *resource,
                 const char *prefix, const PGresult *refusal);
/* The database is away, or everybody has it. */
void api_unavailable(struct api_request *request, const char *detail);
/* The things that use a row, as an array of {resource, id, name}; NULL when nobody does. */
json_t *api_used_by(struct api_request *request, const struct api_resource *resource,
                    const char *id);

/* -------------------------------------------------------------- resources */

/* Handlers of what resources have in common; the route's arg is the resource. */
void api_list(struct api_request *request);
void api_get(struct api_request *request);
void api_create(struct api_request *request);
void api_patch(struct api_request *request);
void api_delete(struct api_request *request);
void api_batch(struct api_request *request);

/* What a query says of a read. */
struct api_query_spec {
    const struct api_resource *resource;
    unsigned int limit;
    const struct api_column *sort; /* NULL: by id */
    bool descending;
    char order[72]; /* as the cursor names it */
    const struct api_column *fields[64];
    size_t field_count; /* 0: all that are listed */
    const struct api_resource *child[8];
    const struct api_column *reference[16];
    size_t child_count, reference_count;
    struct buf where; /* " AND …" */
    char *param[32];  /* owned */
    int params;
};

/* `is_list`: with filters and paging. -EINVAL, and the response is a problem. */
int api_spec_read(struct api_query_spec *out, struct api_request *request,
                  const struct api_resource *resource, bool is_list) DP_CHECK;
void api_spec_free(struct api_query_spec *spec);
int api_spec_param(struct api_query_spec *spec, const char *text) DP_CHECK; /* its number, or -E… */

int api_filter_add(struct api_query_spec *spec, struct api_request *request, const char *name,
                   const char *value) DP_CHECK;
/* What the row of a reference is called in embed=; `out` may be used for it. */
const char *api_embed_name(const struct api_column *column, char out[64]);

/* "SELECT …" of the row `t` as JSON; with `spec` NULL all that is listed. */
void api_row_sql(struct buf *out, const struct api_resource *resource,
                 const struct api_query_spec *spec);
const char *api_key(const struct api_resource *resource);
/* Whether there is one of this name below a domain, and one for the platform. */
bool api_is_double(const struct api_resource *resource);
/* Its reference to its parent; NULL when it has none. */
const struct api_column *api_parent_column(const struct api_resource *resource);
/* The path's variables of the row and of its parent (NULL without). */
const char *api_row_key(const struct api_request *request, const struct api_resource *resource);
const char *api_parent_key(const struct api_request *request, const struct api_resource *resource);
/* Whether the parent is there; otherwise the response is the 404. */
int api_parent_check(struct api_request *request, const struct api_resource *resource) DP_CHECK;

/* -------------------------------------------------------------- writing (value.c, write.c) */

/* A row as it is now: JSON, version, id. The strings are owned. */
struct api_row {
    char *json, *version, *id;
};
void api_row_free(struct api_row *row);

/* Reads one row by the resource's key (of the path) or by its id; locked when it is to be written.
 * -ENOENT: there is none; otherwise the response is a problem. */
enum api_lock { API_UNLOCKED, API_LOCKED };
int api_row_read(struct api_request *request, const struct api_resource *resource,
                 const char *column, const char *value, const struct api_query_spec *spec,
                 enum api_lock lock, struct api_row *out) DP_CHECK;

/* Whether the text has it: an extended POSIX pattern that is a constant of the program (pattern.c).
 */
bool api_matches(const char *pattern, const char *text);
/* Adds a word to an array of PostgreSQL that begins with '{'. */
void api_array_add(struct buf *array, const char *word);

/* The text of a JSON value for PostgreSQL, checked; `out` is the caller's, NULL for null. */
int api_value(struct api_write *write, const struct api_column *column, json_t *value,
              char **out) DP_CHECK;
/* Begins a write of `given`, which is the caller's, as `prefix` is. */
void api_write_init(struct api_write *write, struct api_request *request,
                    const struct api_resource *resource, json_t *given, const char *prefix);
/* Checks the given object and fills columns and values. -EINVAL: all that is wrong was told. */
int api_write_fill(struct api_write *write) DP_CHECK;
void api_write_free(struct api_write *write);

/* Makes a row of `given`; `prefix` of JSON pointers. `told` may be NULL. */
int api_insert(struct api_request *request, const struct api_resource *resource, json_t *given,
               const char *prefix, struct api_row *out, char **told) DP_CHECK;
/* The same of a write that is filled; `told` may be NULL. */
int api_insert_filled(struct api_write *write, struct api_row *out, char **told) DP_CHECK;
/*
 * Makes rows of one resource that is of a tenant (insert_many.c): of writes that api_write_fill has
 * filled, with their parents. `ids` are then the caller's, also of a failure, where the response is
 * the problem of one of them.
 */
int api_insert_many(struct api_request *request, const struct api_resource *resource,
                    struct api_write *const writes[], size_t count, char *ids[]) DP_CHECK;
/* Changes a row, as it was read, as the request's body says. */
int api_change(struct api_request *request, const struct api_resource *resource,
               const struct api_row *before, struct api_row *after) DP_CHECK;
/* Notes in the audit log what was done to a row; `before` and `after` are its JSON, or NULL. */
int api_audit_row(struct api_request *request, const struct api_resource *resource, const char *id,
                  const char *before, const char *after, const char *method) DP_CHECK;
/* A statement that writes, whose refusal is about the resource's fields; `out` may be NULL. */
int api_run_write(struct api_request *request, const struct api_resource *resource,
                  const char *prefix, const struct buf *sql, int count, const char *const values[],
                  PGresult **out) DP_CHECK;
/* The row of the path, locked; what the client has seen of it is still so. */
int api_find_row(struct api_request *request, const struct api_resource *resource,
                 struct api_row *out) DP_CHECK;
/* Deletes a row by id. */
int api_remove(struct api_request *request, const struct api_resource *resource,
               const struct api_row *row, const char *prefix) DP_CHECK;

/* -------------------------------------------------------------- what there is one of (single.c) */

/* The rest of a SELECT of its row `t`: version and id of what is there, or of what is by default.
 */
int api_single_sql(struct buf *sql, const struct api_resource *resource,
                   enum api_lock lock) DP_CHECK;
/* Its row, locked, which is made when there is none; its version is that of before. */
int api_single_find(struct api_request *request, const struct api_resource *resource,
                    struct api_row *out) DP_CHECK;
/* Sets it back to what it is by default; `row`, as it was read, is then what it is. */
int api_single_reset(struct api_request *request, const struct api_resource *resource,
                     struct api_row *row) DP_CHECK;

/* -------------------------------------------------------------- ETag (etag.c) */

/* If-Match of the request against the row's version: 0, or -EINVAL and the response is 412. */
int api_if_match(struct api_request *request, const char *version) DP_CHECK;
/* Sets ETag; true, and the response is 304, when If-None-Match has it. */
bool api_etag(struct api_request *request, const char *version);

/* -------------------------------------------------------------- idempotency.c */

/* Looks for the answer that was given to this key; true: the response is made (that one, or 409,
 * 422, 503). */
bool api_idempotency_begin(struct api_request *request);
/* Keeps the answer, within the transaction. */
int api_idempotency_keep(struct api_request *request) DP_CHECK;

/* -------------------------------------------------------------- documents */

int api_documents_make(struct api *api) DP_CHECK; /* documents.c */
void api_documents_free(struct api *api);
void api_on_docs(void *arg, const struct http_request *http, struct http_response *response);

/* JSON Schemas (openapi_schema.c): of a column; of a resource as it is read, made or changed. */
enum api_shape { API_SHOWN, API_MADE, API_CHANGED };
json_t *api_column_schema(const struct api_column *column);
json_t *api_resource_schema(const struct api_resource *resource, enum api_shape shape);
/* What a schema is called: "RingGroup", "RingGroupCreate", "RingGroupPatch". */
void api_schema_name(const struct api_resource *resource, enum api_shape shape, char out[80]);
/* All parameters of a route but those of its path, as OpenAPI has them (openapi_query.c). */
json_t *api_parameters(const struct api_route *route);

json_t *api_openapi(const struct api *api); /* openapi.c; NULL: no memory, a bad schema */
int api_docs(const struct api *api, struct buf *out) DP_CHECK; /* docs.c */
