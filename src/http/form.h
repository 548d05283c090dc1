/*
 * application/x-www-form-urlencoded (WHATWG URL 5.1), parsed in place over a copy of the body.
 * Strict: a bad escape or a NUL is an error. Pairs keep their order and their duplicates.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

struct form_pair {
    char *name, *value;         /* decoded, NUL-terminated, of the form's memory */
    size_t name_len, value_len; /* bytes; no NUL is among them */
};

struct form {
    struct form_pair *pairs;
    size_t count;
    char *memory;
};

/*
 * -EINVAL: a bad escape or a NUL; -E2BIG: more than `pairs_max` pairs; -ENOMEM. An empty body is a
 * form without pairs, an empty piece (as between "&&") is skipped, a name without '=' has the
 * value "". Freed with form_free.
 */
int form_parse(struct form *out, const char *body, size_t len, size_t pairs_max) DP_CHECK;
void form_free(struct form *form);

/* The value of the only pair of this name; NULL when there is none, or more than one. */
const char *form_get(const struct form *form, const char *name);
