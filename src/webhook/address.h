/*
 * Where a tenant's webhooks may lead. A tenant writes any URL it likes, and the platform connects
 * from inside: without this, to its own daemons and to whatever else trusts its network. What
 * counts is the address that is connected to, not the name, which may mean something else at the
 * next look-up.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether an address is one of the public Internet: not loopback, private, link-local, shared,
 * multicast, reserved, for documentation, nor an IPv6 form of such an IPv4 address.
 */
bool address_is_public(const struct sockaddr *address);

/*
 * Whether it may be connected to: a public address with TLS; another one only where the operator
 * allows it, and then without TLS, too.
 */
bool address_is_allowed(const struct sockaddr *address, bool tls, bool allow_private);
