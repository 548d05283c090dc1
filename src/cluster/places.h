/*
 * Where each value of a YAML text stands. libcyaml tells the line of what it refuses itself, but
 * neither the line of an unknown key nor that of a value which only our own checks refuse.
 */
#pragma once

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

struct places;

/*
 * Parses `text`. -EINVAL with "line:column: reason" when it is no YAML or holds no document; the
 * caller puts the file's name in front. The result is freed with places_free.
 */
int places_new(struct places **out, const char *text, size_t len, struct err *err) DP_CHECK;
void places_free(struct places *places);

/*
 * Line of the value at a path such as "edge.sip_port" or "nodes.0.address" (sequences counted from
 * 0). Of what is not in the text, the line of the nearest value around it.
 */
size_t places_line(const struct places *places, const char *path);

/* Whether the text has a value at exactly this path. */
int places_has(const struct places *places, const char *path);

/* -EINVAL with "line:column: …" for the first key that `schema` does not know, or that is there
 * twice. */
int places_check_keys(const struct places *places, const cyaml_schema_value_t *schema,
                      struct err *err) DP_CHECK;
