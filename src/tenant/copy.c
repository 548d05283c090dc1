#include "tenant/copy.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/crypto.h"

#define NULL_VALUE UINT32_MAX

enum { DIGEST = CRYPTO_SHA256_HEX - 1 };

static void add_number(struct buf *out, size_t number)
{
    uint32_t bytes = htole32((uint32_t)number);

    buf_add(out, &bytes, sizeof(bytes));
}

static void add_value(struct buf *out, const char *text, size_t length)
{
    add_number(out, text ? length : NULL_VALUE);
    if (text)
        buf_add(out, text, length + 1);
}

void copy_begin(struct buf *out, const char *schema, const char *domain, const char *timezone)
{
    char unsealed[DIGEST + 1] = "";

    buf_add_str(out, COPY_MAGIC);
    buf_add(out, unsealed, sizeof(unsealed));
    add_value(out, schema, strlen(schema));
    add_value(out, domain, strlen(domain));
    add_value(out, timezone, strlen(timezone));
}

void copy_add(struct buf *out, const PGresult *result)
{
    int rows = PQntuples(result), columns = PQnfields(result);

    add_number(out, (size_t)columns);
    add_number(out, (size_t)rows);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            if (PQgetisnull(result, row, column))
                add_value(out, NULL, 0);
            else
                add_value(out, PQgetvalue(result, row, column),
                          (size_t)PQgetlength(result, row, column));
        }
    }
}

int copy_seal(struct buf *out)
{
    char digest[CRYPTO_SHA256_HEX];
    int res = buf_error(out);

    if (!res)
        res = crypto_sha256_hex(out->data + COPY_HEAD, out->len - COPY_HEAD, digest);
    if (res)
        return res;
    digest[DIGEST] = '\n';
    memcpy(out->data + sizeof(COPY_MAGIC) - 1, digest, sizeof(digest));
    return 0;
}

static int take_number(struct copy *copy, uint32_t *out)
{
    if ((size_t)(copy->end - copy->at) < sizeof(*out))
        return -EBADMSG;
    memcpy(out, copy->at, sizeof(*out));
    *out = le32toh(*out);
    copy->at += sizeof(*out);
    return 0;
}

int copy_value(struct copy *copy, const char **out)
{
    uint32_t length;

    if (take_number(copy, &length))
        return -EBADMSG;
    *out = NULL;
    if (length == NULL_VALUE)
        return 0;
    /* The NUL belongs to it. */
    if ((size_t)(copy->end - copy->at) <= length || copy->at[length])
        return -EBADMSG;
    *out = copy->at;
    copy->at += (size_t)length + 1;
    return 0;
}

int copy_table(struct copy *copy, size_t columns, size_t *rows)
{
    uint32_t found, count;

    if (take_number(copy, &found) || take_number(copy, &count) || found != columns || !columns)
        return -EBADMSG;
    /* Each value has its length at least: nobody reserves memory for rows that cannot be there. */
    if (count > (size_t)(copy->end - copy->at) / (columns * sizeof(uint32_t)))
        return -EBADMSG;
    *rows = count;
    return 0;
}

/* Compared as one piece with what it has to be: each byte of the head is checked. */
static int check_head(const char *data, size_t len)
{
    char head[COPY_HEAD + 1] = COPY_MAGIC;
    char *digest = head + sizeof(COPY_MAGIC) - 1;

    if (len < COPY_HEAD)
        return -EBADMSG;
    if (crypto_sha256_hex(data + COPY_HEAD, len - COPY_HEAD, digest))
        return -EIO;
    digest[DIGEST] = '\n';
    return memcmp(data, head, COPY_HEAD) == 0 ? 0 : -EBADMSG;
}

int copy_open(struct copy *copy, const char *data, size_t len, const char *schema,
              const char *domain)
{
    const char *made_for, *of;
    int res = check_head(data, len);

    if (res)
        return res;
    *copy = (struct copy){.at = data + COPY_HEAD, .end = data + len};
    if (copy_value(copy, &made_for) || copy_value(copy, &of) || copy_value(copy, &copy->timezone))
        return -EBADMSG;
    if (!made_for || !of || !copy->timezone || strcmp(of, domain) != 0)
        return -EBADMSG;
    return strcmp(made_for, schema) == 0 ? 0 : -ESTALE;
}
