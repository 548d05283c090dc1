#include "store/pg_array.h"

#include <endian.h>
#include <string.h>

/* array_send() in src/backend/utils/adt/arrayfuncs.c: dimensions, "has nulls", type; of the one
 * dimension its length and first index. All in network order. */
enum { HEAD = 5 * sizeof(uint32_t), UUID_BYTES = 16 };

/* 2000-01-01, the database's epoch, in microseconds since 1970. */
#define EPOCH_US (INT64_C(946684800) * 1000000)

static void put32(struct buf *out, uint32_t number)
{
    uint32_t wire = htobe32(number);

    buf_add(out, &wire, sizeof(wire));
}

void pg_array_init(struct pg_array *array, enum pg_type type, size_t max)
{
    static const char head[HEAD];

    *array = (struct pg_array){.type = type};
    buf_init(&array->bytes, max);
    buf_add(&array->bytes, head, HEAD);
}

void pg_array_free(struct pg_array *array)
{
    buf_free(&array->bytes);
}

void pg_array_null(struct pg_array *array)
{
    put32(&array->bytes, UINT32_MAX);
    array->count++;
}

void pg_array_bytes(struct pg_array *array, const void *data, size_t len)
{
    put32(&array->bytes, (uint32_t)len);
    buf_add(&array->bytes, data, len);
    array->count++;
}

void pg_array_text(struct pg_array *array, const char *text)
{
    pg_array_bytes(array, text, strlen(text));
}

void pg_array_int4(struct pg_array *array, int32_t number)
{
    uint32_t wire = htobe32((uint32_t)number);

    pg_array_bytes(array, &wire, sizeof(wire));
}

void pg_array_int8(struct pg_array *array, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);

    pg_array_bytes(array, &wire, sizeof(wire));
}

void pg_array_time(struct pg_array *array, int64_t us)
{
    if (us > 0)
        pg_array_int8(array, us - EPOCH_US);
    else
        pg_array_null(array);
}

static unsigned int digit(char c)
{
    return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)((c | 0x20) - 'a' + 10);
}

void pg_array_uuid(struct pg_array *array, const char *text)
{
    unsigned char bytes[UUID_BYTES] = {0};
    size_t digits = 0;

    for (; *text && digits < 2 * sizeof(bytes); text++) {
        if (*text == '-')
            continue;
        bytes[digits / 2] = (unsigned char)(bytes[digits / 2] << 4 | digit(*text));
        digits++;
    }
    pg_array_bytes(array, bytes, sizeof(bytes));
}

int pg_array_end(struct pg_array *array)
{
    /* Without elements there is no dimension either. Nulls are allowed whether there are any. */
    const uint32_t head[] = {htobe32(array->count > 0), htobe32(1), htobe32(array->type),
                             htobe32((uint32_t)array->count), htobe32(1)};

    if (buf_error(&array->bytes))
        return buf_error(&array->bytes);
    memcpy(array->bytes.data, head, sizeof(head));
    if (array->count == 0)
        array->bytes.len = 3 * sizeof(uint32_t);
    return 0;
}
