/*
 * What a resource of the API is: rows of a table, described once. From the description come its
 * routes (list, get, create, patch, delete, batch), filters, sorting, embedded rows, the OpenAPI
 * document, and what says who uses a row that cannot be deleted. Special behaviour is in a few
 * hooks.
 *
 * Names of columns and tables go into SQL from here and from nowhere else; what a request says goes
 * there as parameters only.
 */
#pragma once

#include "api/route.h"

enum {
    API_READ_ONLY = 1 << 0,  /* never written by a request */
    API_IMMUTABLE = 1 << 1,  /* written when the row is made, and never after */
    API_WRITE_ONLY = 1 << 2, /* not a column of the table: the hook `prepare` takes it */
    API_NULLABLE = 1 << 3,
    API_REQUIRED = 1 << 4, /* of a create */
    API_FILTER = 1 << 5,
    API_SORT = 1 << 6,     /* with an index behind it; never nullable */
    API_CASCADES = 1 << 7, /* a reference that does not keep its row from being deleted */
    API_PARENT = 1 << 8,   /* the reference to the parent: from the path, never from the body */
    API_PLATFORM_WRITES = 1 << 9, /* only the platform's callers may set it */
    API_UNLISTED = 1 << 10,       /* is read only where `fields` names it */
};

struct api_column {
    const char *name; /* NULL: the end of the list */
    enum api_type type;
    unsigned int flags;
    const char *about;   /* one sentence, for the document */
    int64_t min, max;    /* of API_INTEGER; of API_TEXT and API_SECRET: characters (max 0: none) */
    const char *pattern; /* POSIX extended, anchored; of texts */
    const char *meaning; /* what the pattern allows, in words: "2 to 32 digits" */
    const char *const *words;             /* of API_ENUM and API_ARRAY, ended by NULL */
    const struct api_resource *refers_to; /* of API_REFERENCE */
    const char *embed;                    /* its name in embed=; NULL: the column's without "_id" */
    const char *initial;                  /* the default as JSON, for the document; NULL: none */
    const char *sql;                      /* what is read, of `t`; NULL: the column */
    /* Of a secret: the column that keeps its HA1, which is in files of tenants; and the columns
     * that it is of besides: who, and the realm (NULL: the tenant's domain). */
    const char *digest, *digest_user, *digest_realm;
};

/* What a constraint of the table means to who has broken it. */
struct api_rule {
    const char *constraint;
    const char *field;
    const char *sentence;
};

/* A row that is about to be written. */
struct api_write {
    struct api_request *request;
    const struct api_resource *resource;
    const char *prefix;         /* of JSON pointers: "", or "/create/3" in a batch */
    json_t *given;              /* the body's object; a hook may look, and take nothing out */
    json_t *before;             /* the row as it was, as the API shows it; NULL when it is made */
    struct buf columns, values; /* SQL that was made so far: use api_write_set */
    const char *param[64];
    char *owned[64]; /* freed with the write; NULL for those that are not its own */
    int params;
    bool
        is_bad; /* something was refused: what is still checked is told, too, and nothing is made */
};

/* Sets one more column of the row, to a copy of `text` (NULL is SQL's null), of the column's type.
 */
int api_write_set(struct api_write *write, const char *column, const char *text) DP_CHECK;

/* As api_problem, with the write's prefix before the pointer; 422 as api_fault. Returns -EINVAL. */
int api_write_problem(struct api_write *write, unsigned int status, const char *pointer,
                      const char *format, ...) DP_PRINTF(4, 5);

struct api_resource {
    const char *name;                  /* as in paths: "ring-groups" */
    const char *one;                   /* "ring group" */
    const char *tag;                   /* heading of the document: "Ring groups" */
    const char *table;                 /* "voip.ring_groups" */
    const struct api_resource *parent; /* NULL: directly below the domain */
    bool is_platform;                  /* not below a domain: /api/v1/domains */
    bool unkept;                       /* what is sent is not kept, not even its digest */
    bool outlived;                     /* keeps no tenant from being deleted */
    /*
     * There is one of it, and always: it has no id and is not listed. It is read and changed, and
     * DELETE sets it back to what its columns are by default. Of who has no row of the table, whose
     * domain_id is unique, all columns are null, which then is their default.
     */
    bool is_single;
    enum api_scope reads, writes;
    const char *key;   /* of the path; NULL: "id" */
    const char *id;    /* the column that tells rows of one page apart; NULL: "id" */
    const char *label; /* what people know a row by: "name"; NULL: the parent's */
    /* Columns that tell the rows of one parent apart, ended by NULL; NULL: the label. */
    const char *const *known_by;
    const char *order; /* default sort */
    const struct api_column *columns;
    const struct api_rule *rules; /* ended by NULL; NULL: none */
    unsigned int without;         /* of enum api_verb: those that it has not */
    /*
     * Further checks and columns of a row that is made or changed, after those of the description.
     * -EINVAL, and the response is a problem. Of a write that is bad already (is_bad) whatever the
     * description asks for may be missing, or of another type.
     */
    int (*prepare)(struct api_write *write);
    /* One more member of the reply to a create, that is told once: its name, and SQL with the id
     * as $1 that gives its text. */
    const char *told_once, *told_sql;
    /* SQL with the id as $1 that gives further uses of a row: resource, id, name. NULL: none. */
    const char *used_sql;
};

enum api_verb {
    API_LIST = 1 << 0,
    API_GET = 1 << 1,
    API_CREATE = 1 << 2,
    API_PATCH = 1 << 3,
    API_DELETE = 1 << 4,
    API_BATCH = 1 << 5,
};

/* All of them; the end is NULL. */
extern const struct api_resource *const api_resources[];

/* What a resource is called where its path says nothing: "queues", and "queues/members". */
enum { API_RESOURCE_NAME_SIZE = 80 };
int api_resource_name(const struct api_resource *resource,
                      char out[API_RESOURCE_NAME_SIZE]) DP_CHECK;
/* The resource of this name, or NULL. */
const struct api_resource *api_resource_find(const char *name);
const struct api_column *api_column_find(const struct api_resource *resource, const char *name);
