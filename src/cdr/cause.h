/* Why calls end: ITU-T Q.850 causes by the names FreeSWITCH gives them, and SIP status codes. */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

/* The name of a Q.850 cause value; NORMAL_UNSPECIFIED for one that has none. */
const char *cause_name(unsigned int q850);

/*
 * The cause of a call that ended with this final status, after RFC 4497 8.4.4 (and RFC 8197 for
 * 607). Two are not in there: 2xx, an answered call, is NORMAL_CLEARING; 487, given up by its
 * caller, ORIGINATOR_CANCEL.
 */
const char *cause_of_sip(unsigned int status);

/* The status a caller is told for this cause, RFC 4497 8.4.1; 480 for what has none. */
unsigned int cause_to_sip(const char *name);

/* Whether it looks like a cause's name: 1 to 40 of A-Z 0-9 _. */
bool cause_is_name(const char *name);
