/* What the files of the event socket's client share: esl.c has the commands, esl_wire.c the bytes.
 */
#pragma once

#include "media/freeswitch/esl.h"

enum { ESL_RECEIVE_SIZE = 16 * 1024 }; /* of one recv(2) */

struct esl {
    int fd, cancel_fd;
    int timeout_ms;
    void (*event)(const struct esl_frame *event, void *arg);
    void *arg;
    bool broken;    /* in the middle of a frame, or waiting for an answer that nobody wants now */
    struct buf in;  /* received */
    size_t handled; /* of it, bytes of the frame that was handed out last */
    uint64_t commands;
};

/* Negative errno, as in esl.h; `deadline` is of clock_mono_ms. */
int esl_wire_connect(struct esl *esl, const char *address, uint16_t port,
                     int64_t deadline) DP_CHECK;
int esl_wire_send(struct esl *esl, const char *data, size_t len, int64_t deadline) DP_CHECK;

/* Waits for a frame of this type, also when events keep coming instead; they are handed out. The
 * frame is valid until the next call. */
int esl_wire_wait(struct esl *esl, enum esl_type type, int64_t deadline,
                  struct esl_frame *out) DP_CHECK;

/* Hands out the frames that have come since, without waiting for more. */
int esl_wire_drain(struct esl *esl) DP_CHECK;
