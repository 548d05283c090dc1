/*
 * XML writer for replies to media servers. Writing only: no peer's XML is ever parsed.
 *
 * Elements and attributes only. A stack of open elements makes the document well-formed by
 * construction, and every value is escaped, for XML and for what FreeSWITCH does to a document
 * before its parser sees it and after (see entity() in xml.c). Names of elements and attributes are
 * literals of the program and are checked by nothing but the tests.
 *
 * Errors stick, as in base/buf.h: write the whole document, then look at what xml_finish says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

enum { XML_DEPTH_MAX = 16 };

struct xml {
    struct buf *out; /* borrowed */
    const char *open[XML_DEPTH_MAX];
    size_t depth;
    bool in_tag; /* the start tag of open[depth - 1] still lacks its '>' */
    int error;   /* of nesting; those of memory are in `out` */
};

/* Starts a document at the end of `out`, which must outlive the writer. */
void xml_init(struct xml *xml, struct buf *out);

/* Opens an element within the innermost open one. `name` must outlive the element. */
void xml_open(struct xml *xml, const char *name);

/* An attribute of the element opened last. -EINVAL sticks once it has content. */
void xml_attr(struct xml *xml, const char *name, const char *value);
void xml_attr_int(struct xml *xml, const char *name, long long value);

/* Closes the innermost open element. */
void xml_close(struct xml *xml);

/* Closes what is open. 0, -EINVAL (wrong nesting), -ENOBUFS or -ENOMEM (of the buffer). */
int xml_finish(struct xml *xml) DP_CHECK;
