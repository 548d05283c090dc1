/* Writing single rows of a file, for code_apply.c. */
#pragma once

#include "api/code_private.h"

struct code_work {
    struct code_session *session;
    struct api_request *request;
    struct code_file *file;
    struct code_rows *current; /* as the tenant was at the beginning */
    struct code_apply *apply;
    struct err *err;
};

/* The sentence, with the place of the row or of one of its fields. -EINVAL. */
int code_refuse(const struct code_work *work, const struct code_row *row, const char *field,
                const char *sentence);

/* The same of what the core has refused, a line of each fault: the problem that the response is. */
int code_refuse_row(const struct code_work *work, const struct code_row *row);

/* Goes on with the rights of the platform, or of the tenant. */
int code_act_for(const struct code_work *work, const struct code_row *row,
                 bool as_platform) DP_CHECK;

struct code_row *code_target(const struct code_work *work, const struct api_column *column,
                             const char *name);

/* Makes digests of the secrets that are in clear. */
int code_digests(const struct code_work *work, struct code_row *row) DP_CHECK;

/* Makes a row; what it refers to is there. */
int code_create(const struct code_work *work, struct code_row *row) DP_CHECK;
/* Fills a write with a new row of a tenant, for api_insert_many; it is the caller's in any case. */
int code_fill(const struct code_work *work, struct code_row *row, struct api_write *write) DP_CHECK;
/* The row as it is now, locked. */
int code_lock(const struct code_work *work, const struct code_row *row,
              struct api_row *out) DP_CHECK;
/* Takes away the ways out of a row that will be others: rows change one after the other, and what
 * is no circle before and after could be one in between. */
int code_let_go(const struct code_work *work, const struct code_row *row) DP_CHECK;
int code_change(const struct code_work *work, struct code_row *row,
                const struct api_row *before) DP_CHECK;
int code_delete(const struct code_work *work, const struct code_row *row) DP_CHECK;

/* A prompt from the folder of the audio (code_prompts.c). */
int code_prompt_create(const struct code_work *work, struct code_row *row) DP_CHECK;

/* -------------------------------------------------------------- of code_apply.c */

/* Whether the row is otherwise than its twin. */
bool code_is_changed(const struct code_row *row);
/* -------------------------------------------------------------- many rows (code_many.c) */

/* What becomes of rows that are made many at a time. Not 0 ends it all. */
struct code_many {
    const struct code_work *work;
    int (*refused)(void *arg, struct code_row *row); /* why is in work->err */
    int (*made)(void *arg, unsigned int rows);       /* in the transaction; NULL: nobody asks */
    void *arg;
};

/*
 * Makes those of the rows that are not there, each after what it leads to, as many as possible in
 * one statement. What is refused takes nothing else with it but what leads there.
 */
int code_create_many(const struct code_many *many, struct code_row **rows, size_t count) DP_CHECK;

/* -------------------------------------------------------------- checks (code_check.c) */

/* Every name leads somewhere: before anything is done, so that people see their own mistakes. */
int code_check_names(const struct code_work *work, const struct code_row *row) DP_CHECK;
/* The same, and its fields are as the API takes them. */
int code_check(const struct code_work *work, struct code_row *row) DP_CHECK;

/* -------------------------------------------------------------- deletions (code_order.c) */

/* Rows without a twin, each before what it leads to. `out` is the caller's. */
int code_deletions(const struct code_rows *rows, struct code_row ***out, size_t *count) DP_CHECK;
/* Something that stays leads there, and is changed first. */
bool code_is_late(const struct code_row *row);
