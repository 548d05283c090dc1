#include "media/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct peers {
    size_t count;
    struct in6_addr addresses[];
};

/* RFC 4291 2.5.5.2: one form for both families. */
static void map_v4(const struct in_addr *v4, struct in6_addr *out)
{
    *out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&out->s6_addr[12], v4, sizeof(*v4));
}

static int parse(const char *text, struct in6_addr *out)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        map_v4(&v4, out);
        return 0;
    }
    return inet_pton(AF_INET6, text, out) == 1 ? 0 : -EINVAL;
}

int peers_new(struct peers **out, const char *const addresses[], size_t count)
{
    struct peers *peers = calloc(1, sizeof(*peers) + count * sizeof(peers->addresses[0]));
    int res = 0;

    if (!peers)
        return -ENOMEM;
    for (size_t i = 0; i < count && !res; i++)
        res = parse(addresses[i], &peers->addresses[i]);
    peers->count = count;
    if (res)
        peers_free(peers);
    else
        *out = peers;
    return res;
}

void peers_free(struct peers *peers)
{
    free(peers);
}

static bool is_loopback(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        return address->s6_addr[12] == 127; /* 127.0.0.0/8, RFC 1122 3.2.1.3 */
    return IN6_IS_ADDR_LOOPBACK(address);
}

bool peers_allow(const struct peers *peers, const char *address)
{
    struct in6_addr peer;

    if (parse(address, &peer))
        return false;
    if (is_loopback(&peer))
        return true;
    for (size_t i = 0; i < peers->count; i++) {
        if (IN6_ARE_ADDR_EQUAL(&peer, &peers->addresses[i]))
            return true;
    }
    return false;
}
