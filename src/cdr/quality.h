/* How good a leg's audio was, as rtpengine, FreeSWITCH and Asterisk put it. Units: record.h. */
#pragma once

#include "cdr/record.h"

/* Both media servers count losses anew every five seconds, by what had come until then: with fewer
 * packets than these, having counted none means nothing. */
enum { QUALITY_PACKETS_MIN = 300 };

/* "4.13" as hundredths, 413; CDR_UNKNOWN for what is no such number, or is below 0. */
int32_t quality_hundredths(const char *text);

/* "<MOS> <% lost> <ms of jitter>", of conf/kamailio/legs.cfg. What is no number stays unknown. */
void quality_take_edge(struct cdr_leg *leg, const char *text);

/* CHANNEL(rtcp,all) of Asterisk, "ssrc=…;themssrc=…;lp=…;rxjitter=…;rxcount=…;…;rxmes=…". */
void quality_take_asterisk(struct cdr_leg *leg, const char *text);
