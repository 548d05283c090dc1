/*
 * What one record says: a row of voip.cdr, or of a leg only, and rows of voip.cdr_legs
 * (docs/architecture.md describes the columns); and the reading of the three forms in which it
 * arrives.
 *
 * All sources take the call's uuid and start from the edge (header X-VOIP-Call), so that records
 * of one call have one key, whoever wrote them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/str.h"

enum {
    CDR_LEGS_MAX = 8, /* of one record */
    CDR_UNKNOWN = -1, /* a number that nobody has told, where 0 means something */
    CDR_NUMBER_SIZE = 128,
    CDR_SIP_CALL_ID_SIZE = 256,
    CDR_CAUSE_SIZE = 48,
    CDR_CODEC_SIZE = 32,
    CDR_IVR_PATH_SIZE = 512 + 1,
};

struct cdr {
    char call_id[64]; /* a longer one would be no uuid, and must not be cut to one */
    /* Microseconds since 1970; answered_us is 0 for a call that was not. rang_us: likewise, and
     * where nobody has told. */
    int64_t started_us, rang_us, answered_us, ended_us;
    unsigned int sip_code;
    char direction[16]; /* internal, inbound, outbound */
    char side[16];      /* who ended it: caller, callee, system */
    char cause[CDR_CAUSE_SIZE];
    char domain[STR_DOMAIN_MAX + 1];
    char caller[CDR_NUMBER_SIZE], callee[CDR_NUMBER_SIZE], reached[CDR_NUMBER_SIZE];
    char service[32];
    char node[64];
    char source[16]; /* edge, freeswitch, asterisk */
    char sip_call_id[CDR_SIP_CALL_ID_SIZE];
    char trunk[401]; /* its name; "" for a call that had none. A label's 100 characters */

    /* From here on "" means null, and 0 or CDR_UNKNOWN. */
    int32_t pdd_ms;       /* CDR_UNKNOWN */
    int64_t extension_id; /* 0 */
    char queue[STR_EXTENSION_MAX + 1];
    char agent[STR_EXTENSION_MAX + 1 + STR_DOMAIN_MAX + 1]; /* user@domain */
    int32_t wait_ms, talk_ms;                               /* of the queue; CDR_UNKNOWN */
    char ivr_path[CDR_IVR_PATH_SIZE];
    char sip_call_id_callee[CDR_SIP_CALL_ID_SIZE];
    char codec[CDR_CODEC_SIZE];
    char genesys_call_uuid[CDR_NUMBER_SIZE];
};

/* One leg. "" and 0 mean null, but where CDR_UNKNOWN does. */
struct cdr_leg {
    char leg[64]; /* name of the channel; "caller" or "callee" of the edge */
    char side[8]; /* caller, callee */
    char number[CDR_NUMBER_SIZE];
    char sip_call_id[CDR_SIP_CALL_ID_SIZE];
    int64_t begun_us, rang_us, answered_us, ended_us;
    unsigned int sip_code;
    char cause[CDR_CAUSE_SIZE];
    char codec[CDR_CODEC_SIZE];
    /* Of the audio received from this leg, in hundredths: of MOS, of a percent, of a millisecond.
     * CDR_UNKNOWN. */
    int32_t mos, loss, jitter;
    int32_t packets; /* CDR_UNKNOWN */
};

struct cdr_record {
    struct cdr cdr;
    /* Whether that is the row of the call. If not, the record is of a leg, and of `cdr` only what
     * says of which call counts: call_id, started_us, domain, node and source. */
    bool is_call;
    /* Of a record that is not the call's: how many media servers it had come through when it came
     * to the one that tells of it; then `cdr` says what became of it there, by ivr_path, queue,
     * agent, wait_ms and talk_ms. 0: the record is of a leg only. */
    unsigned int stage;
    /* Of the call's: it went on to another number, where there may be such a stage. */
    bool goes_on;
    struct cdr_leg legs[CDR_LEGS_MAX];
    size_t legs_count;
};

/*
 * Reads a record of the named source; `node` is where it was taken in, for records that do not
 * tell. Text is made valid UTF-8 and cut to the column, missing values become "" or their usual
 * value. -EINVAL when it cannot be a row (with the reason); -ENOMSG when it is no call's record and
 * says nothing of one: a leg that a media server set up for itself; -ENOMEM. What `out` holds then
 * means nothing.
 */
int cdr_parse(struct cdr_record *out, const char *source, const char *node, const char *body,
              size_t len, struct err *err) DP_CHECK;

/*
 * The forms themselves. `out` is zeroed, with source and node set, numbers unknown, and is_call; a
 * form of a leg clears that.
 */
int cdr_parse_edge(struct cdr_record *out, const char *body, size_t len, struct err *err) DP_CHECK;
int cdr_parse_freeswitch(struct cdr_record *out, const char *body, size_t len,
                         struct err *err) DP_CHECK;
int cdr_parse_asterisk(struct cdr_record *out, const char *body, size_t len,
                       struct err *err) DP_CHECK;

/* A further leg of the record, of which nothing is known but its side ("caller", "callee") and
 * name. NULL when the record has as many as it may. */
struct cdr_leg *cdr_add_leg(struct cdr_record *record, const char *side, const char *leg);

/* Milliseconds between two times in microseconds: 0 where the clock went back, CDR_UNKNOWN where
 * one of them is 0 or the number too large. */
int32_t cdr_ms_between(int64_t from_us, int64_t to_us);

/* Milliseconds from start to end and from answer to end; 0 where the clock went back. */
int32_t cdr_duration_ms(const struct cdr *cdr);
int32_t cdr_billable_ms(const struct cdr *cdr);
