/* Strict validators for what comes from outside, and copies that cannot cut silently. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    STR_DOMAIN_MAX = 190,   /* as voip.domain_name: leaves room for "user@" in the edge's tables */
    STR_EXTENSION_MAX = 64, /* as voip.sip_user */
    STR_UUID_LENGTH = 36,
};

/*
 * Copies `src` with its NUL into `dst` of `size` bytes. -ENAMETOOLONG when it does not fit; `dst`
 * is then "" (a value cut in the middle is a different value).
 */
int str_copy(char *dst, size_t size, const char *src) DP_CHECK;

/* As str_copy, formatted: -ENAMETOOLONG when the result does not fit. */
int str_printf(char *dst, size_t size, const char *format, ...) DP_PRINTF(3, 4) DP_CHECK;

/* A tenant's domain: host name syntax of RFC 1123, lower case, at most STR_DOMAIN_MAX bytes. */
bool str_is_domain(const char *text);

/* A dialled number or user name: 1 to 64 of 0-9 A-Z a-z * # + . _ - (no separator of ours). */
bool str_is_extension(const char *text);

/* RFC 9562 text form, lower or upper case hexadecimal: 8-4-4-4-12. */
bool str_is_uuid(const char *text);

/* 1 to 63 of a-z 0-9 and inner '-': names of nodes and parts. */
bool str_is_label(const char *text);

/* A numeric IPv4 or IPv6 address (no brackets, no name, no zone). */
bool str_is_ip(const char *text);

/* Whether such an address is the machine itself: 127.0.0.0/8, ::1. */
bool str_is_loopback(const char *address);

/*
 * Only A-Z a-z 0-9 and . _ / + @ , - (also ""): a path that means the same in every configuration
 * syntax and in a shell, without any quoting.
 */
bool str_is_plain_path(const char *text);

/* Takes the backslash out of each quoted-pair (RFC 3261 25.1), in place. */
void str_unescape(char *text);

bool str_starts_with(const char *text, const char *prefix);

/*
 * Decimal digits only (no sign, space or leading "0x"), from `min` to `max`. -EINVAL when it is
 * no such number, -ERANGE when it lies outside. Writes `out` only on success.
 */
int str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out) DP_CHECK;
