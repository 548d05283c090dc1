/* The mail that tells of a message in a mailbox of Asterisk's: what FreeSWITCH makes itself. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { MAIL_TEXT_MAX = 64 * 1024 * 1024 };

struct mail_message {
    const char *file;    /* of Asterisk's, without .txt and .wav */
    const char *mailbox; /* digits */
    const char *from, *to;
    const char *timezone; /* of the tenant; "" for this machine's */
    bool audio;           /* goes along */
};

/*
 * Appends the mail. -ENOENT when there is no such message, -EINVAL when its description is none;
 * errors of reading and of `out`.
 */
int mail_message(const struct mail_message *message, struct buf *out, struct err *err) DP_CHECK;

/*
 * Deletes the message, as Asterisk does: while nobody else changes the folder (its file .lock).
 * -EBUSY when somebody does for too long.
 */
int mail_message_delete(const struct mail_message *message, struct err *err) DP_CHECK;
