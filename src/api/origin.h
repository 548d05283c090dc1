/*
 * Where a request comes from. nginx, which has the certificate, is on this machine or another one
 * of the platform: of what comes from there the last address of X-Forwarded-For (which nginx has
 * added) and X-Forwarded-Proto are believed, and of nobody else.
 */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>

struct api_origin {
    char address[INET6_ADDRSTRLEN]; /* IPv4 also when it came mapped into IPv6; "" if unknown */
    bool is_tls;                    /* to the browser */
};

/* The machines of the platform, beside this one. */
struct api_proxies {
    char (*address)[INET6_ADDRSTRLEN];
    size_t count;
};

/* Of what is known of a request: its peer, and what the two headers say (or NULL). */
void api_origin_of(const struct api_proxies *proxies, const char *peer, const char *forwarded_for,
                   const char *forwarded_proto, struct api_origin *out);

/*
 * The address for counting: of IPv6 the /64, of which one customer has all. `out` has
 * INET6_ADDRSTRLEN bytes.
 */
void api_origin_block(const char *address, char out[INET6_ADDRSTRLEN]);
