/*
 * The few ways in which records are read out of JSON.
 *
 * A record of FreeSWITCH has 8 KB and three hundred values, of which a tenth is looked at. It
 * becomes one array of fields, in the order in which they stand there, and one block of text: to
 * read it into a tree of objects and hash tables takes ten times as long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum field_type { FIELD_OBJECT, FIELD_ARRAY, FIELD_STRING, FIELD_NUMBER, FIELD_OTHER };

/* A value, and where it is in an object its name. What it contains comes right behind it. */
struct field {
    enum field_type type;
    uint32_t span;    /* fields from this one to the next beside it, with all that is in it */
    const char *name; /* not ended by a NUL */
    uint32_t name_len;
    uint32_t len; /* of the text: a string, or a number as it was written; a NUL is behind it */
    char *text;
    /* Of an object with many names: for each hash (or the next free place) how far behind the
     * object the field is, 0 for none; the size is a power of two. NULL: it is looked through. */
    const uint32_t *index;
    uint32_t index_size;
};

/* Of a name, for the index. */
uint32_t fields_hash(const char *name, size_t len);

/* Where in an index the name is, or is to be put. */
uint32_t fields_place(const struct field *object, const uint32_t *index, uint32_t size,
                      const char *name, size_t len);

/*
 * Reads one object, after making its text UTF-8. Ends with fields_free, or by itself with
 * FIELDS_AUTO. -EINVAL with the reason, or -ENOMEM.
 */
int fields_read(struct field **out, const char *body, size_t len, struct err *err) DP_CHECK;

/* The same of text that text_clean would leave as it is (fields_read.c). */
int fields_read_good(struct field **out, const char *text, size_t len, struct err *err) DP_CHECK;

/* NULL is allowed. */
void fields_free(struct field *object);
void fields_cleanup(struct field **object);
#define FIELDS_AUTO __attribute__((cleanup(fields_cleanup)))

/* What has the name in the object, the last one of several; NULL when there is none, or no object.
 */
const struct field *fields_get(const struct field *object, const char *name);

/* What is in an array or object, one after the other: NULL at the end, and for what is neither. */
const struct field *fields_first(const struct field *list);
const struct field *fields_next(const struct field *list, const struct field *field);

bool fields_is_object(const struct field *field);

/* A number without a fraction; 0 for anything else. */
int64_t fields_integer(const struct field *field);

/* The string under `key`, "" when there is none. Ends at a NUL that the value may contain. */
const char *fields_text(const struct field *object, const char *key);

/* Copies the string under `key` as text_copy does; "" when there is none. */
void fields_copy(char *out, size_t size, const struct field *object, const char *key);

/* A time as text_to_us reads it, a string; 0 when there is none, -EINVAL when it is no time. */
int fields_time(int64_t *out, const struct field *object, const char *key,
                struct err *err) DP_CHECK;
