/* The words for what a caller may do: scopes, and the roles that stand for some of them. */
#pragma once

#include "api/access.h"

/* What a role may do. */
uint32_t api_role_scopes(enum api_role role);

/* "platform-admin" and so on, as in voip.operators; "" of API_ROLE_NONE. */
const char *api_role_name(enum api_role role);

/* API_ROLE_NONE when there is no role of this name. */
enum api_role api_role_find(const char *name);

/*
 * Names of scopes with commas between them, also in the braces of PostgreSQL's arrays, as bits.
 * -EINVAL for a name that is none. An empty list has no bits.
 */
int api_scopes_read(const char *text, uint32_t *out) DP_CHECK;
