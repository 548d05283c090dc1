/*
 * Where a request comes from. nginx, which has the certificate, is on the same machine: of what
 * comes from there the last address of X-Forwarded-For (which nginx has added) and
 * X-Forwarded-Proto are believed, and of nobody else.
 */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>

#include "http/server.h"

struct api_origin {
    char address[INET6_ADDRSTRLEN]; /* IPv4 also when it came mapped into IPv6; "" if unknown */
    bool is_tls;                    /* to the browser */
};

void api_origin(const struct http_request *request, struct api_origin *out);

/* The same of what is said about the request: its peer, and the two headers (or NULL). */
void api_origin_of(const char *peer, const char *forwarded_for, const char *forwarded_proto,
                   struct api_origin *out);

/*
 * The address for counting: of IPv6 the /64, of which one customer has all. `out` has
 * INET6_ADDRSTRLEN bytes.
 */
void api_origin_block(const char *address, char out[INET6_ADDRSTRLEN]);
