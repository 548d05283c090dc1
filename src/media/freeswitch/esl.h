/*
 * A client of FreeSWITCH's event socket: one connection, one command at a time, events in between.
 * Not for two threads at once.
 *
 * A command is made of words, and a word is made of letters, digits and a few marks, among which
 * there is no space, line end, quote, backslash or parenthesis. So nothing that a tenant or a phone
 * has chosen can end a command, split an argument, or call what FreeSWITCH would call in ${…(…)}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "media/freeswitch/esl_frame.h"

enum { ESL_WORD_MAX = 1024, ESL_WORDS_MAX = 8 };

struct esl;

struct esl_options {
    const char *address; /* numeric */
    uint16_t port;
    const char *password;
    int timeout_ms; /* of connecting with the password, and of each command */
    int cancel_fd;  /* once it is readable, whatever waits is given up; -1: there is none */
    /* Called with each event, from within the functions below. NULL: events are dropped. */
    void (*event)(const struct esl_frame *event, void *arg);
    void *arg;
};

/* Whether it may be a word of a command: 1 to ESL_WORD_MAX bytes of 0-9 A-Z a-z and
 * @._+-*#:=/,;[]{}$!
 */
bool esl_is_word(const char *text);

/*
 * Connects and says the password; `options` are copied, but for the password, which is not kept.
 *
 * Errors here and below: -ECONNREFUSED and the like, -ETIMEDOUT, -ECONNRESET; -EPROTO, -EMSGSIZE
 * when what comes is no event socket's; -ECANCELED. -EACCES: the password or our address is
 * refused.
 */
int esl_open(struct esl **out, const struct esl_options *options, struct err *err) DP_CHECK;

/* Copes with NULL. */
void esl_close(struct esl *esl);

/* Readable when something has come. Before waiting for that, call esl_receive. */
int esl_fd(const struct esl *esl);

/* A word of a command that is empty, which has to be meant: any other empty one is refused. */
extern const char esl_nothing[];

/*
 * Runs a command of the API and waits for its answer, which replaces what `reply` held (NULL: it is
 * of no interest).
 *
 * -EREMOTEIO: the answer begins with "-ERR" or "-USAGE" (it is in `err`, and in `reply`). -EINVAL:
 * one of them is no word, nor made of letters and spaces (which is sent in quotes); nothing was
 * sent. -ENOBUFS, -ENOMEM of `reply`. After these four the connection is as good as before; after
 * any other error it says -ENOTCONN to everything.
 */
int esl_api(struct esl *esl, const char *const words[], size_t count, struct buf *reply,
            struct err *err) DP_CHECK;

#define ESL_API(esl, reply, err, ...)                                                              \
    esl_api(esl, (const char *const[]){__VA_ARGS__}, DP_COUNT(((const char *[]){__VA_ARGS__})),    \
            reply, err)

/*
 * A command of the event socket itself, as `event plain …` and `filter …`. -EREMOTEIO when it is
 * refused.
 */
int esl_command(struct esl *esl, const char *const words[], size_t count, struct err *err) DP_CHECK;

#define ESL_COMMAND(esl, err, ...)                                                                 \
    esl_command(esl, (const char *const[]){__VA_ARGS__},                                           \
                DP_COUNT(((const char *[]){__VA_ARGS__})), err)

/* How many commands were sent. */
uint64_t esl_commands(const struct esl *esl);

/* Hands out the events that have come since, without waiting for more. */
int esl_receive(struct esl *esl, struct err *err) DP_CHECK;
