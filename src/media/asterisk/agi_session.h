/* One FastAGI connection: reads the request, waits for the tenant, has the commands carried out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "media/asterisk/agi_protocol.h"
#include "tenant/registry.h"

enum agi_state {
    AGI_READING, /* the request is not complete */
    AGI_WAITING, /* for the tenant to be loaded: nothing to be read, agi_session_retry goes on */
    AGI_SETTING, /* a command was sent, its reply is awaited */
    AGI_DONE,    /* answered */
    AGI_BAD,     /* the request is none */
    AGI_ABORTED, /* hung up, timed out, out of memory, or a command was not accepted */
};

struct agi_session {
    int fd;
    enum agi_state state;
    int64_t deadline;    /* clock_mono_ms; of the whole session */
    int64_t tenant_late; /* until when it waits for the tenant */
    struct buf in;       /* what was received and not used yet */
    struct buf commands; /* the answer, one command a line */
    size_t sent;         /* bytes of it */
    struct agi_request request;
};

/* Takes over the connected, non-blocking socket. */
void agi_session_open(struct agi_session *session, int fd);
void agi_session_close(struct agi_session *session);

/* Something can be read. */
void agi_session_input(struct agi_session *session, struct registry *registry);

/* In AGI_WAITING: perhaps the tenant is there now. */
void agi_session_retry(struct agi_session *session, struct registry *registry);

/* Whether the session is over: one of the last three states. */
bool agi_session_over(const struct agi_session *session);
