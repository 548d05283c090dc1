/*
 * Mail that waits to be sent: one file each in a folder of the state, so that nothing is lost while
 * the mail server is away.
 *
 *     <when it was put there, ms since 1970, 13 digits>-<random>     its name
 *     <recipient>\n<the mail, whole>                                 what is in it
 *
 * A file has its name when all of it is on the disk. Its time of modification is when it is to be
 * tried next (courier.h); what was given up is in the folder "failed" and counts as well.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define MAIL_FAILED "failed"

enum { MAIL_NAME_SIZE = 32, MAIL_RECIPIENT_SIZE = 256 };

struct mail_limits {
    size_t count;   /* of mails that wait or were given up */
    uint64_t bytes; /* of all of them */
};

/* As the program has them: days of a busy platform, and no more of the disk than that. */
extern const struct mail_limits mail_limits;

/* What is there. */
struct mail_state {
    size_t waiting, failed;
    uint64_t bytes;    /* of both */
    int64_t oldest_ms; /* since when the one waits that came first; 0: none does */
};

/* -errno of reading the folders. */
int mail_look(const char *folder, struct mail_state *out) DP_CHECK;

/* Whether it is an address that no mail program could take for anything else. */
bool mail_is_address(const char *text);

/* Whether a file of the folder is a mail; `born_ms` (or NULL): since when. */
bool mail_is_name(const char *name, int64_t *born_ms);

/*
 * Puts one there; it is durable afterwards. -EINVAL for a recipient that is none, -ENOSPC when so
 * many wait already, or errno of writing.
 */
int mail_put(const char *folder, const struct mail_limits *limits, const char *recipient,
             const char *text, size_t length, struct err *err) DP_CHECK;
