/*
 * coturn: its configuration has no include, so the file is written whole. Without edge.turn there
 * is none.
 *
 * A relay sends what its users say to whom they say, from this machine: services that trust the
 * machine would be open to them. So everything is denied but where calls' media is, the outer
 * addresses of the edge nodes (topology_check.c sees to it that nothing inside is there).
 */
#include "base/str.h"
#include "cluster/render.h"

static void add_sockets(const struct render *render, struct buf *text)
{
    const struct topology *topology = render->topology;

    buf_printf(text,
               "# Written by `dialplane render`.\n"
               "listening-ip=%s\n"
               "listening-port=%u\n"
               "relay-ip=%s\n"
               "min-port=%u\n"
               "max-port=%u\n"
               "# What browsers send is encrypted already (DTLS-SRTP).\n"
               "no-tls\n"
               "no-dtls\n",
               render->node->address, topology->edge.turn_port, render->node->address,
               topology->edge.turn_first, topology->edge.turn_last);
}

static void add_peers(const struct render *render, struct buf *text)
{
    const struct topology *topology = render->topology;

    buf_add_str(text, "# To nowhere but the edge nodes, and by UDP only.\n"
                      "denied-peer-ip=0.0.0.0-255.255.255.255\n"
                      "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n");
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (topology->nodes[i].roles & ROLE_EDGE)
            buf_printf(text, "allowed-peer-ip=%s\n", topology->nodes[i].address);
    if (str_is_loopback(render->node->address))
        buf_add_str(text, "allow-loopback-peers\n");
    buf_add_str(text, "no-multicast-peers\n"
                      "no-tcp-relay\n");
}

int render_coturn(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;

    if (!topology->edge.turn)
        return 0;
    buf_init(&text, RENDER_FILE_MAX);
    add_sockets(render, &text);
    add_peers(render, &text);
    buf_printf(
        &text,
        "# The API makes users and passwords: <expiry>:<user>@<tenant>, and the HMAC of that.\n"
        "realm=dialplane\n"
        "use-auth-secret\n"
        "static-auth-secret=%s\n"
        "stale-nonce=600\n"
        "userdb=%s/run/turndb\n",
        render->secrets->value[SECRET_TURN_KEY], render->state);
    buf_printf(&text,
               "# Relays of one user, and of all; bytes per second of one, each way.\n"
               "user-quota=10\n"
               "total-quota=%u\n"
               "max-bps=125000\n"
               "relay-threads=2\n",
               topology->edge.turn_last - topology->edge.turn_first + 1);
    buf_printf(&text,
               "no-cli\n"
               "no-software-attribute\n"
               "no-rfc5780\n"
               "no-stun-backward-compatibility\n"
               "pidfile=%s/run/turnserver.pid\n"
               "log-file=stdout\n"
               "simple-log\n"
               "new-log-timestamp\n",
               render->state);
    return render_put(render, "coturn/turnserver.conf", 0600, &text, err);
}
