/*
 * What other products export, as rows of a tenant. Which column becomes what is said in tables
 * (code_from_tables.c), so that a further product is a further table.
 *
 * Values are templates: "{column}" is the cell of that column, "{column|key}" what the cell
 * "a=1|key=2|b=3" says of the key; the rest is as it stands. Conditions name a column: "enabled" is
 * one that is on (true, t, yes, 1, on, enabled, checked), "!enabled" one that is there and is not
 * on, "type=inbound|local" one with one of these words, "alias=*" one in which something stands.
 * Columns are told apart without regard to case. Of several conditions, with spaces between them,
 * one is enough.
 */
#pragma once

#include "api/code_private.h"

enum from_how {
    FROM_TEXT,        /* as it is */
    FROM_NUMBER,      /* a whole number; 0 says nothing */
    FROM_ON,          /* true when it is on, else false */
    FROM_NOT,         /* true when the cell says that it is off; empty says nothing */
    FROM_CALLER_ID,   /* the number of: "Name" <030123> */
    FROM_E164,        /* a number outside, with its country */
    FROM_IF_THERE,    /* a reference, if there is such a thing */
    FROM_WAY,         /* of a forwarding: a number of the tenant, or outside */
    FROM_WAY_IF,      /* the same of a number of the tenant, if there is one */
    FROM_DESTINATION, /* as the product writes destinations: field of a reference */
    FROM_WAY_OF,      /* the same of a forwarding */
    FROM_STRATEGY,    /* how the members of a group ring */
    FROM_MEMBERS,     /* "1001-1002-030123#": rows "himself", and "member" for each further one */
};

/* A row that a line makes. */
struct from_row {
    const char *name;
    const struct api_resource *resource;
    const char *when, *unless; /* conditions; NULL: none */
};

/* One field of such a row. Of several of one field the first that says something counts. */
struct from_rule {
    const char *row, *field, *value;
    enum from_how how;
    const char *when;
};

/* What is not taken, and said of every line that has it. */
struct from_note {
    const char *when, *sentence;
};

/* A destination: "ext-group,%,1", where % is some text without a comma. */
struct from_destination {
    const char *pattern;
    const char *number; /* of the extension, with % for the text; NULL: there is none */
    const char *what;   /* what it is, for people */
};

struct from_export {
    const char *product, *name;
    const char *const *needs; /* columns without which it is another file */
    const struct from_row *rows;
    const struct from_rule *rules;
    const struct from_note *notes;
    const struct from_destination *destinations;
};

extern const struct from_export *const from_exports[]; /* ended by NULL */

/* -------------------------------------------------------------- one line (code_from_value.c) */

struct from_line {
    const struct from_export *export;
    const char *country;      /* NULL: not given */
    const char *const *names; /* of the columns, in lower case */
    const char *const *cells; /* without space around them */
    size_t columns;
    bool *used; /* columns that some rule or condition looks at */
    /* Whether there is, or will be, one of this name. */
    bool (*is_there)(void *arg, const struct api_resource *resource, const char *name);
    void *arg;
};

/* The cell; NULL: there is no such column. `len` is of the name. */
const char *from_cell(const struct from_line *line, const char *name, size_t len);
bool from_holds(const struct from_line *line, const char *condition);
/* Appends what the template makes. False: one of its columns is not there, or has nothing in it. */
bool from_expand(const struct from_line *line, const char *value, struct buf *out);

/*
 * What a rule says, in fields of a row: 0, also when it says nothing (`fields` has nothing new).
 * -EINVAL: it cannot be taken over, `why` (without secrets) says so.
 */
int from_apply(const struct from_line *line, const struct from_rule *rule,
               const struct api_resource *resource, json_t *fields, struct err *why) DP_CHECK;

/* One of the list of members: of a user, or outside. The next one of `*rest`; NULL: the end. */
json_t *from_member(const struct from_line *line, const char **rest);

/* -------------------------------------------------------------- files (code_from.c) */

/* What is said of lines, beside what is wrong with their rows. */
struct from_notes {
    struct from_text {
        const char *file;
        unsigned int line;
        char *text;
    } *list;
    size_t count;
    unsigned int bad, left; /* lines that cannot be read; of which nothing is taken */
    struct buf columns;     /* what is in no table, a line for each file */
};
void from_notes_free(struct from_notes *notes);

/* Adds the rows of all these files; code_sort is the caller's. `current` is the tenant as it is.
 * -EINVAL: a file as a whole cannot be read. */
int code_from(struct code_file *file, const struct code_rows *current,
              const struct code_source *sources, size_t count, const struct code_import *told,
              struct from_notes *notes, struct err *err) DP_CHECK;
