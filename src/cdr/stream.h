/* Names in Redis that the collector (src/cdr/sender.c) and the writer share. */
#pragma once

#define CDR_STREAM "dialplane:cdr"      /* entries: src, node, body */
#define CDR_GROUP  "writers"            /* its consumer group */
#define CDR_DEAD   "dialplane:cdr:dead" /* what cannot be parsed or inserted: and a reason */
