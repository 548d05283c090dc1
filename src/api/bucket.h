/*
 * Rate limits: a token bucket per caller, in memory. Only callers who have shown who they are have
 * one, so there are as many as there are keys and operators, and nobody can empty another one's.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"

struct api_buckets;

/* -ENOMEM. */
int api_buckets_new(struct api_buckets **out) DP_CHECK;
void api_buckets_free(struct api_buckets *buckets); /* NULL is allowed */

/*
 * Takes one token of `id`'s bucket, which gets `per_minute` of them and holds a tenth of that (at
 * least one); `now_us` of a clock that only goes forward. 0, or in how many seconds (1 and more)
 * there is one. Without memory nobody is limited.
 */
unsigned int api_bucket_take(struct api_buckets *buckets, int64_t id, unsigned int per_minute,
                             int64_t now_us);
