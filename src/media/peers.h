/*
 * Which addresses may speak to a listener that asks for no password: loopback and the inside
 * addresses of the deployment's own nodes. An address is weak proof, so such listeners are bound to
 * the inside network and give away nothing that is secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct peers;

/* `addresses`: numeric IPv4 or IPv6. -EINVAL when one is not, -ENOMEM. Freed with peers_free. */
int peers_new(struct peers **out, const char *const addresses[], size_t count) DP_CHECK;
void peers_free(struct peers *peers);

/* `address` is numeric; false for anything else. IPv4 within IPv6 counts as what it stands for. */
bool peers_allow(const struct peers *peers, const char *address);
