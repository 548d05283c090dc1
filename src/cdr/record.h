/*
 * One call's record, as a row of voip.cdr (docs/architecture.md describes the columns), and the
 * reading of the three forms in which it arrives.
 *
 * All sources take the call's uuid and start from the edge (header X-VOIP-Call), so that records
 * of one call have one key, whoever wrote them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/str.h"

struct cdr {
    char call_id[64]; /* a longer one would be no uuid, and must not be cut to one */
    /* Microseconds since 1970; answered_us is 0 for a call that was not. */
    int64_t started_us, answered_us, ended_us;
    unsigned int sip_code;
    char direction[16]; /* internal, inbound, outbound */
    char side[16];      /* who ended it: caller, callee, system */
    char cause[48];
    char domain[STR_DOMAIN_MAX + 1];
    char caller[128], callee[128], reached[128];
    char service[32];
    char node[64];
    char source[16]; /* edge, freeswitch, asterisk */
    char sip_call_id[256];
    char trunk[401]; /* its name; "" for a call that had none. A label's 100 characters */
};

/*
 * Reads a record of the named source; `node` is where it was taken in, for records that do not
 * tell. Text is made valid UTF-8 and cut to the column, missing values become "" or their usual
 * value. -EINVAL when it cannot be a row (with the reason); -ENOMSG when it is no call's record:
 * a leg that a media server set up itself, which belongs to a call that has its own; -ENOMEM.
 */
int cdr_parse(struct cdr *out, const char *source, const char *node, const char *body, size_t len,
              struct err *err) DP_CHECK;

/* The forms themselves. `out` is zeroed, with source and node set. */
int cdr_parse_edge(struct cdr *out, const char *body, size_t len, struct err *err) DP_CHECK;
int cdr_parse_freeswitch(struct cdr *out, const char *body, size_t len, struct err *err) DP_CHECK;
int cdr_parse_asterisk(struct cdr *out, const char *body, size_t len, struct err *err) DP_CHECK;

/* Milliseconds from start to end and from answer to end; 0 where the clock went back. */
int32_t cdr_duration_ms(const struct cdr *cdr);
int32_t cdr_billable_ms(const struct cdr *cdr);
