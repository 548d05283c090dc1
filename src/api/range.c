#include "api/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A number, which may be larger than any file: then it is the largest there is. False without one.
 */
static bool read_number(const char **at, uint64_t *out)
{
    const char *begin = *at;

    *out = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');

        *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
    }
    return *at != begin;
}

enum range_kind range_parse(const char *value, uint64_t size, struct range *out)
{
    static const char unit[] = "bytes=";
    bool has_first, has_last;
    uint64_t first, last;

    *out = (struct range){0, size};
    if (!value || strncasecmp(value, unit, strlen(unit)) != 0)
        return RANGE_WHOLE;
    value += strlen(unit);
    has_first = read_number(&value, &first);
    if (*value++ != '-')
        return RANGE_WHOLE;
    has_last = read_number(&value, &last);
    if (*value || (!has_first && !has_last) || (has_first && has_last && last < first))
        return RANGE_WHOLE;
    if (!has_first) {
        /* So many bytes at the end. */
        if (last == 0 || size == 0)
            return RANGE_NONE;
        out->count = last < size ? last : size;
        out->first = size - out->count;
        return RANGE_PART;
    }
    if (first >= size)
        return RANGE_NONE;
    out->first = first;
    out->count = (has_last && last < size ? last + 1 : size) - first;
    return RANGE_PART;
}
