/* What the files of tenants as code share: rows as the file has them. */
#pragma once

#include "api/api_private.h"
#include "api/code.h"

enum { CODE_NAME_SIZE = 96 };

/* A row, of the file or of the database. Everything in it is its own but the other rows. */
struct code_row {
    const struct api_resource *resource;
    size_t index;            /* its place in the list */
    struct code_row *parent; /* NULL: directly below the tenant */
    json_t *fields;          /* by names of the file; what has its default is not there */
    json_t *places;          /* of the file: name -> [line, column] */
    char *key;               /* what tells it apart, with its parent's */
    unsigned int again;      /* so many others would have the same */
    char *id;                /* NULL: there is no such row yet */
    unsigned int line, column;
    const char *file;              /* whose line it is; NULL: of the file that all are of */
    struct code_row *twin;         /* the same row on the other side */
    struct code_row *child, *next; /* lists in the order of the file, after code_sort */
    int mark;                      /* of a walk */
    int level;                     /* of code_many.c: when it is made; 0 is not known */
    bool is_bad;                   /* refused, and told */
    char *fault;                   /* of an import: why; NULL where another row says so */
};

struct code_rows {
    struct code_row **rows;
    size_t count, size;
    json_t *by_key, *by_name, *by_id; /* -> index */
};

/* What is wrong, with its place; `text` is the whole line, with the file's name. */
struct code_faults {
    struct code_fault {
        unsigned int line, column; /* 0, 0: of no place */
        char *text;
    } *list;
    size_t count;
};

struct code_file {
    const char *name;
    char domain[STR_DOMAIN_MAX + 1];
    struct code_rows rows; /* the first is the tenant's own */
    struct code_faults faults;
};

/* -------------------------------------------------------------- faults (code_faults.c) */

void code_fault_add(struct code_faults *faults, unsigned int line, unsigned int column,
                    const char *text);
/* Appends the first 50, by their places, a line each. */
void code_faults_tell(struct code_faults *faults, struct buf *out);
void code_faults_free(struct code_faults *faults);

/* -------------------------------------------------------------- names (code_names.c) */

/* Whether its rows are part of a tenant's configuration. */
bool code_is_part(const struct api_resource *resource);
/* Its place in the list of resources. */
size_t code_index(const struct api_resource *resource);
/* "ring_groups" of "ring-groups". */
void code_section(const struct api_resource *resource, char out[CODE_NAME_SIZE]);
/* "user" of the reference "user_id"; other columns as they are called. */
void code_field(const struct api_column *column, char out[CODE_NAME_SIZE]);
/* Whether the file may have it, under code_field's name. */
bool code_has(const struct api_column *column);
/* The columns that tell rows of one parent apart, ended by NULL. */
const char *const *code_known_by(const struct api_resource *resource);
/* A field's value; its default, or null, when the row does not say. Borrowed: `made` keeps it
 * until the next call, and is at last the caller's. */
json_t *code_value(const struct code_row *row, const struct api_column *column, json_t **made);
/* Whether it is one of a kind, and as it is by default: in no file, and never deleted. */
bool code_is_nothing(const struct code_row *row);
/* Whether its rows are a list, or there is one of it. */
bool code_is_list(const struct api_resource *resource);
/* "users 1001", "queues support members 1001": for people. */
void code_title(const struct code_row *row, struct buf *out);

/* -------------------------------------------------------------- rows (code_rows.c) */

int code_add(struct code_rows *rows, const struct api_resource *resource, struct code_row *parent,
             struct code_row **out) DP_CHECK;
struct code_row *code_by_key(const struct code_rows *rows, const char *key);
struct code_row *code_by_name(const struct code_rows *rows, const struct api_resource *resource,
                              const char *name);
struct code_row *code_by_id(const struct code_rows *rows, const struct api_resource *resource,
                            const char *id);
int code_set_id(struct code_rows *rows, struct code_row *row, const char *id) DP_CHECK;
/* When all rows are there: puts them into the order of the file, links children to their parents
 * and finds out what each is known by. Ids are not found any more. */
int code_sort(struct code_rows *rows) DP_CHECK;
void code_rows_free(struct code_rows *rows);

/* -------------------------------------------------------------- the database (code_load.c) */

/* All of the request's tenant; the request's transaction has its rights. */
int code_load(struct api_request *request, struct code_rows *out, struct err *err) DP_CHECK;
/* The sentence of the problem that the response is. */
void code_problem(const struct api_request *request, struct err *err);

/* Writes the audio of all prompts to this folder (code_prompts.c). */
int code_prompts_write(struct api_request *request, const char *folder, struct err *err) DP_CHECK;

/* A request of nobody's: what it answers is in `response`. */
struct code_session {
    struct api_request request;
    struct http_response response;
    const struct code_row *refused; /* the last one */
    bool as_platform; /* whose rights the transaction has: the platform's, or the tenant's */
    struct code_faults *faults; /* where all are kept that are told; NULL: only the last one is */
};
/* Begins a transaction for the tenant. -ENOENT: there is none of this name; its rights are then the
 * platform's. */
int code_begin(struct code_session *session, PGconn *conn, const char *domain,
               struct err *err) DP_CHECK;
void code_end(struct code_session *session); /* takes back what is not committed */

/* -------------------------------------------------------------- writing YAML (code_emit.c) */

int code_emit(struct code_rows *rows, struct buf *out) DP_CHECK;

/* -------------------------------------------------------------- changes (code_diff.c) */

/* Whether the file wants another value than there is. */
bool code_differs(const struct code_row *wanted, const struct api_column *column);
bool code_digest_differs(const struct code_row *wanted, const struct api_column *column);
/* Appends what is to be done with a row, one line and one for each of its fields. */
void code_tell(struct buf *out, char sign, const struct code_row *row);
