/* The few ways in which records are read out of JSON. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

/* Parses one object, after making its text UTF-8. -EINVAL with the reason, or -ENOMEM. */
int fields_read(json_t **out, const char *body, size_t len, struct err *err) DP_CHECK;

/* The same of text that text_clean would leave as it is. */
int fields_read_good(json_t **out, const char *text, size_t len, struct err *err) DP_CHECK;

/* The string under `key`, "" when there is none. Ends at a NUL that the value may contain. */
const char *fields_text(const json_t *object, const char *key);

/* Copies the string under `key` as text_copy does; "" when there is none. */
void fields_copy(char *out, size_t size, const json_t *object, const char *key);

/* A time as text_to_us reads it, a string; 0 when there is none, -EINVAL when it is no time. */
int fields_time(int64_t *out, const json_t *object, const char *key, struct err *err) DP_CHECK;
