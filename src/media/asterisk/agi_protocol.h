/*
 * The Asterisk Gateway Interface over TCP, as text: what Asterisk asks, what it is told, what it
 * answers (Asterisk's main documentation, "FastAGI"; res/res_agi.c). No I/O here.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

enum {
    AGI_REQUEST_MAX = 16384, /* of the whole request; Asterisk sends some 25 lines, 1 KiB */
    AGI_ARGUMENTS_MAX = 8,
};

/*
 * A script and its arguments: agi://host/ivr?domain=acme.test&id=7. One more may come beside the
 * address, as the first argument of AGI(): a PIN, since Asterisk logs an address that it could not
 * reach.
 */
struct agi_request {
    char script[32];
    struct agi_argument {
        char name[16];
        char value[200];
    } arguments[AGI_ARGUMENTS_MAX];
    size_t count;
};

/* Length of the request at the start of `data`, its empty line included; 0 while that is missing.
 */
size_t agi_request_length(const char *data, size_t length);

/*
 * Reads the request, of exactly agi_request_length. Of its lines agi_network_script and agi_arg_1
 * are of use; the others say what the caller says of himself. -EINVAL when that line is missing or
 * there twice, when an argument is there twice, or has characters other than those of our names and
 * numbers.
 */
int agi_request_parse(const char *data, size_t length, struct agi_request *out) DP_CHECK;

/* The value of an argument, NULL when it was not given. */
const char *agi_argument(const struct agi_request *request, const char *name);

/*
 * Appends a command that sets a channel variable. The errors stick in `out`; a value with a
 * control character, which would be another command, is one (-EINVAL).
 */
void agi_set_variable(struct buf *out, const char *name, const char *value);

enum agi_reply {
    AGI_REPLY_OK,      /* 200: done */
    AGI_REPLY_MORE,    /* 1xx: the reply is still to come */
    AGI_REPLY_HANGUP,  /* the caller hung up; a reply still follows */
    AGI_REPLY_REFUSED, /* anything else */
};

/* What one line of Asterisk's (without its line break) says. */
enum agi_reply agi_reply_parse(const char *line);
