/*
 * Searching voip.cdr: what a query of the API asks for, as SQL that goes by an index.
 *
 * A number is looked for as caller, as what was dialled and as what was reached. OR over three
 * columns would read all calls of the number, or all of the tenant, before the first page is known;
 * three searches, each of which ends after a page, and are then put together, read three pages. The
 * three have no call in common, so none is there twice.
 */
#pragma once

#include "api/api_private.h"

struct cdr_search {
    struct api_query_spec spec; /* other filters, order, fields */
    int number;                 /* its parameter; 0: no number is looked for */
    int behind; /* parameter: what comes behind all numbers that begin so; 0: it is a whole one */
};

/* The resource that a call is; it has no routes of its own making. */
extern const struct api_resource api_cdrs;

/* Parameters of the query that are read here: number and number.like. Ends with a nameless one. */
extern const struct api_param api_cdr_params[];

/* -EINVAL, and the response is a problem. Freed with cdr_search_free, also then. */
int cdr_search_read(struct cdr_search *out, struct api_request *request) DP_CHECK;
void cdr_search_free(struct cdr_search *search);

/* Appends "SELECT <what> …" of the rows `t`, in order, at most `limit` of them; 0: all. Look at
 * buf_error, also of search->spec.where. */
void cdr_search_sql(const struct cdr_search *search, const char *what, unsigned int limit,
                    struct buf *out);
