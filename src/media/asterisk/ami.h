/*
 * A client of Asterisk's manager interface (AMI): one connection, one action at a time, no events
 * but those that are the answer to an action. Not for two threads at once.
 *
 * A message is lines "Name: value", ended by an empty one. What a line is made of is checked for
 * line ends, so nothing that a tenant or a phone has chosen can be a line of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum { AMI_MESSAGE_MAX = 32 * 1024, AMI_LINES_MAX = 128 };

struct ami;

struct ami_options {
    const char *address; /* numeric */
    uint16_t port;
    const char *user, *password;
    int timeout_ms; /* of connecting with the password, and of each action */
};

/* A message, or what there is of it; valid until the next one. */
struct ami_message {
    size_t count;
    struct {
        const char *name, *value;
    } line[AMI_LINES_MAX];
};

/* The value of the first line of this name; "" when there is none. */
const char *ami_get(const struct ami_message *message, const char *name);

/*
 * Connects and logs in. Errors here and below: -ECONNREFUSED and the like, -ETIMEDOUT, -ECONNRESET;
 * -EPROTO, -EMSGSIZE when what comes is no AMI; -EACCES: the password is refused; -ENOMEM.
 */
int ami_open(struct ami **out, const struct ami_options *options, struct err *err) DP_CHECK;

/* From now on an action may take so long. */
void ami_set_timeout(struct ami *ami, int timeout_ms);

/* Copes with NULL. */
void ami_close(struct ami *ami);

/*
 * Runs an action, of `count` lines without their ends, and waits for its answer, which is valid
 * until the next action. -EREMOTEIO: it was refused, `err` says why. -EINVAL: a line has a line
 * end; nothing was sent.
 */
int ami_ask(struct ami *ami, const char *const lines[], size_t count, struct ami_message *answer,
            struct err *err) DP_CHECK;

/*
 * The same for actions whose answer is a list: each of its events is given to `on_event` as it
 * comes (NULL: no list is expected; an answer without one is an empty list), so a long one costs no
 * memory; an error of that ends the action, and makes the connection useless.
 */
int ami_action(struct ami *ami, const char *const lines[], size_t count,
               int (*on_event)(const struct ami_message *event, void *arg), void *arg,
               struct err *err) DP_CHECK;
