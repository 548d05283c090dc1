/* Names in Redis that the collector (src/cdr/sender.c) and the writer share. */
#pragma once

#define CDR_STREAM "dialplane:cdr"       /* entries: src, node, spool, place, body */
#define CDR_GROUP  "writers"             /* its consumer group */
#define CDR_DONE   "dialplane:cdr:done:" /* with a spool's uuid: list of confirmed places */
