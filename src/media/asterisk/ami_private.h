/* What the files of the manager interface's client share: ami.c has the actions, ami_wire.c the
 * bytes. */
#pragma once

#include "base/buf.h"
#include "media/asterisk/ami.h"

enum { AMI_RECEIVE_SIZE = 16 * 1024 }; /* of one recv(2) */

struct ami {
    int fd;
    int timeout_ms;
    bool broken;
    struct buf in;  /* received */
    size_t handled; /* of it, bytes of the message that was taken last */
};

/* Negative errno; `deadline` is of clock_mono_ms. */
int ami_wire_connect(struct ami *ami, const char *address, uint16_t port,
                     int64_t deadline) DP_CHECK;
int ami_wire_send(struct ami *ami, const char *data, size_t len, int64_t deadline) DP_CHECK;

/* Waits for more bytes, and takes them. -ECONNRESET: there will be none. */
int ami_wire_receive(struct ami *ami, int64_t deadline) DP_CHECK;
