/*
 * What the edge tells a media server of a call, by which both media servers' records know it:
 *
 *   X-VOIP-Call: <uuid>;start=<time>;from=…;to=…;reached=…;dir=…;ext=…
 *                [;leg=0…9][;eid=…][;genesys=…][;path=…][;trunk=…]
 *   X-VOIP-Service: <kind>;id=…;domain=<tenant>
 */
#pragma once

#include "cdr/record.h"

struct about {
    unsigned int stage; /* how many media servers the call has come through before (leg=) */
    char kind[32];      /* of the service; "" without X-VOIP-Service */
    char number[CDR_NUMBER_SIZE]; /* by which it was reached */
    char path[CDR_IVR_PATH_SIZE]; /* through menus, before it came here; "" for none */
};

/*
 * Takes into `out` what the headers say, and the rest into `about`. `service` may be "". -EINVAL
 * when the call has no start.
 */
int about_take(struct about *about, struct cdr *out, const char *call, const char *service,
               struct err *err) DP_CHECK;

/*
 * The way through menus, into out->ivr_path: that which the call had come, where it was then, the
 * key pressed there (`key`; t: none in time, i: none that is one; "" for none yet) and the number
 * that the call went to (`next`, or ""). Empty for a call that has seen no menu. Text is what the
 * record says, and keeps only what keys and numbers have.
 */
void about_path(struct cdr *out, const struct about *about, const char *key, const char *next);

/*
 * What is left of a record that is not the call's own, `out->cdr` being filled: with
 * `about->stage`, what became of the call at that stage. -ENOMSG when that is nothing.
 */
int about_stage(struct cdr_record *out, const struct about *about, struct err *err) DP_CHECK;
