#include "webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct range {
    uint8_t bytes[16];
    unsigned bits;
};

/* IANA's registry of special-purpose IPv4 addresses, and multicast. */
static const struct range special4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared, of carriers */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local: metadata services of clouds */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 3},           /* multicast, reserved, broadcast */
};

/* Of IPv6 only global unicast is public, and of that not: */
static const struct range global6 = {{0x20}, 3};
static const struct range special6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: an IPv4 address inside */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* An IPv4 address is the last four bytes. */
static const struct range mapped4[] = {
    {{[10] = 0xff, [11] = 0xff}, 96}, /* ::ffff:a.b.c.d */
    {{0x00, 0x64, 0xff, 0x9b}, 96},   /* NAT64 */
};

static bool is_in(const uint8_t *address, const struct range *range)
{
    unsigned bytes = range->bits / 8, rest = range->bits % 8;

    if (memcmp(address, range->bytes, bytes) != 0)
        return false;
    return !rest || (address[bytes] ^ range->bytes[bytes]) >> (8 - rest) == 0;
}

static bool is_in_some(const uint8_t *address, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(address, &ranges[i]))
            return true;
    return false;
}

static bool is_public4(const uint8_t *address)
{
    return !is_in_some(address, special4, DP_COUNT(special4));
}

static bool is_public6(const uint8_t *address)
{
    if (is_in_some(address, mapped4, DP_COUNT(mapped4)))
        return is_public4(address + 12);
    return is_in(address, &global6) && !is_in_some(address, special6, DP_COUNT(special6));
}

bool address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_public4((const uint8_t *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return is_public6(v6.sin6_addr.s6_addr);
    }
    return false;
}

bool address_is_allowed(const struct sockaddr *address, bool tls, bool allow_private)
{
    return address_is_public(address) ? tls : allow_private;
}
