/*
 * Arrays as parameters of a statement, in PostgreSQL's binary form: one per column, for unnest().
 * No escaping, no text to read on the other side, and any bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

/* What an array consists of: the type's OID, as in src/include/catalog/pg_type.dat. */
enum pg_type {
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950,
};

struct pg_array {
    struct buf bytes; /* has the error, if any */
    enum pg_type type;
    int32_t count;
};

/* Empty, of elements of this type; at most `max` bytes. Freed with pg_array_free. */
void pg_array_init(struct pg_array *array, enum pg_type type, size_t max);
void pg_array_free(struct pg_array *array);

/* One further element each; it has to be of the array's type. Errors stick to `bytes`. */
void pg_array_null(struct pg_array *array);
void pg_array_int4(struct pg_array *array, int32_t number);
void pg_array_int8(struct pg_array *array, int64_t number);
/* Text, valid UTF-8 without NUL, or a bytea. */
void pg_array_bytes(struct pg_array *array, const void *data, size_t len);
void pg_array_text(struct pg_array *array, const char *text);
/* Microseconds since 1970; null for 0 and less. */
void pg_array_time(struct pg_array *array, int64_t us);
/* Text that str_is_uuid. */
void pg_array_uuid(struct pg_array *array, const char *text);

/* Completes the array. -ENOMEM; -ENOBUFS: more than `max` bytes. */
int pg_array_end(struct pg_array *array) DP_CHECK;
