/*
 * FastAGI server: one thread, non-blocking. Asterisk connects per script, the server answers from
 * memory and closes.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "media/peers.h"
#include "tenant/registry.h"

struct agi;

struct agi_options {
    const char *address; /* numeric IP */
    uint16_t port;       /* 0: any free one, see agi_port */
    struct registry *registry;
    const struct peers *peers; /* who may connect */
};

/* Starts the server; what the options point to must outlive it. Errors of bind(2) and the like. */
int agi_start(struct agi **out, const struct agi_options *options, struct err *err) DP_CHECK;

/* Closes all connections, ends the thread. Copes with NULL. */
void agi_stop(struct agi *agi);

/* The port it listens on. */
uint16_t agi_port(const struct agi *agi);

struct agi_counts {
    uint64_t answered; /* every command was accepted */
    uint64_t refused;  /* request that is none, peer that may not, too many connections */
    uint64_t aborted;  /* hung up, timed out, or a command was not accepted */
};

/* Since the start. From any thread. */
void agi_counts(struct agi *agi, struct agi_counts *out);
