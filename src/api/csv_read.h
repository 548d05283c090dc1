/*
 * Comma-separated values as records (RFC 4180): quoted fields with commas, quotes and line breaks
 * in them; lines end with LF, CRLF or CR; a byte order mark is passed over, and so are empty lines.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

enum { CSV_FIELDS = 512 };

struct csv_reader {
    const char *at, *end;
    unsigned int line; /* of what is next */
    /* Quotes behind a backslash are not doubled: PHP's fputcsv writes so. */
    bool backslash;
};

/* One record. A field is followed by a NUL; there may be others in it. */
struct csv_record {
    unsigned int line; /* its first one */
    size_t count;      /* of fields; those behind the last place are counted alone */
    size_t begin[CSV_FIELDS], len[CSV_FIELDS];
    struct buf text;
};

/* The text stays the caller's. */
void csv_read_init(struct csv_reader *csv, const char *text, size_t len);
void csv_record_init(struct csv_record *record);
void csv_record_free(struct csv_record *record); /* what was in it is overwritten */

/* Reads the next one. -ENOENT: there is none; -EINVAL: a quote is not closed, or it has more than 1
 * MiB; then nothing behind it can be read. */
int csv_read(struct csv_reader *csv, struct csv_record *record) DP_CHECK;

/* A field as a string; NULL: it has a NUL in it. `at` is below count and CSV_FIELDS. */
const char *csv_field(const struct csv_record *record, size_t at);
