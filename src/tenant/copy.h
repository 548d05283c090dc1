/*
 * A tenant's last known rows as bytes: what it is served from when the database is away.
 *
 *     "dialplane tenant copy 1\n"      the format's version
 *     SHA-256 of all that follows, 64 digits, "\n"
 *     schema, domain, timezone         values
 *     one table after the other        u32 columns, u32 rows, then its values row by row
 *
 * A value is a u32 length, the bytes and a NUL, or the length 0xffffffff for null; integers are
 * little-endian. The schema is a digest of the SQL texts (load.c): a program that asks for other
 * columns refuses the copy.
 */
#pragma once

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

#define COPY_MAGIC "dialplane tenant copy 1\n"

/* Magic, digest and line break: two copies of a tenant with the same head and length are equal. */
enum { COPY_HEAD = sizeof(COPY_MAGIC) - 1 + 64 + 1 };

/* Writing: begin, then the tables, then seal; errors stick in `out` and come out of copy_seal. */
void copy_begin(struct buf *out, const char *schema, const char *domain, const char *timezone);
void copy_add(struct buf *out, const PGresult *result);

/* Puts the digest in its place. -EIO when OpenSSL refuses, or the buffer's error. */
int copy_seal(struct buf *out) DP_CHECK;

/* Reading: where the reader is. */
struct copy {
    const char *at, *end;
    const char *timezone;
};

/*
 * `data` stays the caller's and is pointed into. -EBADMSG when it is no whole copy of this domain,
 * -ESTALE when it was made for another schema.
 */
int copy_open(struct copy *copy, const char *data, size_t len, const char *schema,
              const char *domain) DP_CHECK;

/* The head of the next table, which has these columns: how many rows follow. -EBADMSG. */
int copy_table(struct copy *copy, size_t columns, size_t *rows) DP_CHECK;

/* The next value; NULL is SQL's null. -EBADMSG. */
int copy_value(struct copy *copy, const char **out) DP_CHECK;
