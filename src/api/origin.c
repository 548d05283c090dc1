#include "api/origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define MAPPED "::ffff:"

static bool is_believed(const struct api_proxies *proxies, const char *address)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (strcmp(proxies->address[i], address) == 0)
            return true;
    return str_is_loopback(address);
}

static const char *unmapped(const char *address)
{
    struct in_addr raw;

    if (str_starts_with(address, MAPPED) && inet_pton(AF_INET, address + strlen(MAPPED), &raw) == 1)
        return address + strlen(MAPPED);
    return address;
}

/* The last of a list; false when it is no address. */
static bool last_address(const char *list, char out[INET6_ADDRSTRLEN])
{
    const char *comma = strrchr(list, ',');

    list = comma ? comma + 1 : list;
    list += strspn(list, " \t");
    return str_is_ip(list) && str_copy(out, INET6_ADDRSTRLEN, unmapped(list)) == 0;
}

void api_origin_of(const struct api_proxies *proxies, const char *peer, const char *forwarded_for,
                   const char *forwarded_proto, struct api_origin *out)
{
    *out = (struct api_origin){0};
    peer = unmapped(peer);
    if (is_believed(proxies, peer)) {
        out->is_tls = forwarded_proto && strcasecmp(forwarded_proto, "https") == 0;
        if (forwarded_for && last_address(forwarded_for, out->address))
            return;
    }
    snprintf(out->address, sizeof(out->address), "%s", peer);
}

void api_origin_block(const char *address, char out[INET6_ADDRSTRLEN])
{
    struct in6_addr raw;

    if (inet_pton(AF_INET6, address, &raw) == 1) {
        memset(raw.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &raw, out, INET6_ADDRSTRLEN);
    } else {
        snprintf(out, INET6_ADDRSTRLEN, "%s", address);
    }
}
