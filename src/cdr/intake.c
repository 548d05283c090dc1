#include "cdr/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cdr/pack.h"

const char *intake_name(enum intake_source source)
{
    static const char *const names[INTAKE_SOURCES] = {"edge", "asterisk", "freeswitch",
                                                      "recording"};

    return names[source];
}

void intake_encode(const struct intake *intake, enum intake_source source,
                   const struct intake_body *body, struct buf *out)
{
    const char *name = intake_name(source);

    buf_add(out, name, strlen(name) + 1);
    buf_add(out, intake->node, strlen(intake->node) + 1);
    if (body->len < PACK_MIN)
        buf_add(out, body->data, body->len);
    else
        pack_add(out, body->data, body->len);
}

/* Encodes all bodies into `bytes`, which has the room for them already, so that it never moves. */
static void encode(const struct intake *intake, enum intake_source source,
                   const struct intake_body *bodies, size_t count, struct buf *bytes,
                   struct spool_record *records)
{
    for (size_t i = 0; i < count; i++) {
        size_t begin = bytes->len;

        intake_encode(intake, source, &bodies[i], bytes);
        records[i] = (struct spool_record){bytes->data + begin, bytes->len - begin};
    }
}

int intake_add(struct intake *intake, enum intake_source source, const struct intake_body *bodies,
               size_t count, struct err *err)
{
    size_t prefix = strlen(intake_name(source)) + strlen(intake->node) + 2, total = count * prefix;
    struct spool_record *records = calloc(count, sizeof(*records));
    struct buf bytes;
    int res;

    for (size_t i = 0; i < count; i++)
        total += bodies[i].len < PACK_MIN ? bodies[i].len : pack_bound(bodies[i].len);
    buf_init(&bytes, total);
    res = records ? buf_reserve(&bytes, total) : -ENOMEM;
    if (!res) {
        encode(intake, source, bodies, count, &bytes, records);
        res = buf_error(&bytes);
    }
    if (res)
        err_set(err, res, "no memory for %zu records", count);
    else
        res = spool_append(intake->spool, records, count, err);
    atomic_fetch_add(res ? &intake->failed[source] : &intake->accepted[source], count);
    buf_free(&bytes);
    free(records);
    return res;
}

int intake_decode(const char *data, size_t len, struct redis_entry *out)
{
    const char *src = data, *end = src + len;
    const char *node = memchr(src, '\0', len);
    const char *body = node ? memchr(node + 1, '\0', (size_t)(end - node - 1)) : NULL;

    if (!body)
        return -EINVAL;
    *out = (struct redis_entry){
        .src = src, .node = node + 1, .body = body + 1, .len = (size_t)(end - body - 1)};
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool intake_is_object(const char *data, size_t len)
{
    while (len && is_space(data[len - 1]))
        len--;
    while (len && is_space(*data)) {
        data++;
        len--;
    }
    return len >= 2 && data[0] == '{' && data[len - 1] == '}' && !memchr(data, '\0', len);
}
