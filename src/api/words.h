/*
 * What a request says in words of its own: the JSON of a body, tags, cursors. Nothing here knows of
 * the rest of the API.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

enum { API_DEPTH_MAX = 16, API_CURSOR_MAX = 2048 };

/*
 * Reads JSON. What two readers may understand differently is refused: a name twice in one object, a
 * NUL in a text, text that is not UTF-8 (RFC 8259 4 and 8.1); and what only an attacker writes:
 * values more than API_DEPTH_MAX deep within each other, on which a recursive reader runs out of
 * stack. -EINVAL with `error` filled, -E2BIG when it is too deep.
 */
int api_json_read(const char *text, size_t len, json_t **out, json_error_t *error) DP_CHECK;

/*
 * Whether the list of entity tags (RFC 9110 13.1) has this one, or is "*". A weak one counts where
 * only reading is at stake.
 */
bool api_tag_is_listed(const char *list, const char *tag, bool weak_too);

/*
 * From a cursor to its `count` texts, of which the first is `order`: an array, the caller's.
 * -EINVAL when it is none of these. Making one is api_cursor_make, api/route.h.
 */
int api_cursor_decode(const char *text, size_t count, const char *order, json_t **out) DP_CHECK;
