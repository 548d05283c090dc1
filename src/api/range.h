/* Ranges of bytes that a client asks for (RFC 9110 14). */
#pragma once

#include <stdint.h>

enum range_kind {
    RANGE_WHOLE, /* none is asked for, or none that is served: everything is sent (200) */
    RANGE_PART,  /* 206 */
    RANGE_NONE,  /* nothing of it is there: 416 */
};

struct range {
    uint64_t first, count; /* of RANGE_WHOLE: everything */
};

/*
 * What the field Range asks for of something that is `size` bytes long; `value` may be NULL. One
 * range of bytes is served. Several, other units and what is no range are as if it were not there,
 * which RFC 9110 14.2 leaves to a server.
 */
enum range_kind range_parse(const char *value, uint64_t size, struct range *out);
