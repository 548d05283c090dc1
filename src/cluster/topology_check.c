#include "cluster/topology_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cluster/topology_private.h"

static const struct role_rule {
    enum role role;
    const char *name;
    bool only_one; /* a second one would need replication, which this version does not set up */
} role_rules[] = {
    {ROLE_EDGE, "edge", false},  {ROLE_MEDIA, "media", false}, {ROLE_CONTROL, "control", true},
    {ROLE_QUEUE, "queue", true}, {ROLE_DB, "db", true},
};

int topology_wrong(const struct places *places, struct err *err, const char *path,
                   const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!places)
        return err_set(err, -EINVAL, "%s", text);
    return err_set(err, -EINVAL, "%zu: %s", places_line(places, path), text);
}

/* A file that the edge reads: its working folder is none that anybody would think of. */
static int check_path(const char *path, const char *key, const struct places *places,
                      struct err *err)
{
    if (*path && (*path != '/' || !str_is_plain_path(path)))
        return topology_wrong(
            places, err, key,
            "%s must begin with / and may contain only A-Z a-z 0-9 and . _ / + @ , -", key);
    return 0;
}

static int check_tls(const struct topology *topology, const struct places *places, struct err *err)
{
    const char *certificate = topology->edge.tls_certificate, *key = topology->edge.tls_key;
    int res;

    res = check_path(certificate, "edge.tls_certificate", places, err);
    if (!res)
        res = check_path(key, "edge.tls_key", places, err);
    if (!res)
        res = check_path(topology->edge.tls_ca, "edge.tls_ca", places, err);
    if (!res && *certificate && !*key)
        return topology_wrong(places, err, "edge.tls_certificate",
                              "edge.tls_certificate needs its private key, edge.tls_key");
    if (!res && *key && !*certificate)
        return topology_wrong(
            places, err, "edge.tls_key",
            "edge.tls_key needs the certificate that it is for, edge.tls_certificate");
    return res;
}

static bool is_mail_address(const char *text)
{
    static const char chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
    size_t name = strspn(text, chars);

    return name && name <= 64 && *text != '-' && text[name] == '@' &&
           str_is_domain(text + name + 1);
}

static int check_mail(const struct topology *topology, const struct places *places, struct err *err)
{
    if (!*topology->mail.host)
        return 0;
    if (!str_is_domain(topology->mail.host))
        return topology_wrong(places, err, "mail.host",
                              "mail.host must be a host name in lower case, or an IPv4 address");
    if (!is_mail_address(topology->mail.from))
        return topology_wrong(
            places, err, *topology->mail.from ? "mail.from" : "mail.host",
            "mail.from must be the address that mail comes from, as voicemail@example.org");
    return 0;
}

/* Of a peer: "/folder", "host:/folder" (by ssh) or "rsync://host/module". */
static int check_recordings(const struct topology *topology, const struct places *places,
                            struct err *err)
{
    static const char chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+@-:";
    const char *peer = topology->recordings.peer;

    if (*peer == '-' || peer[strspn(peer, chars)])
        return topology_wrong(
            places, err, "recordings.peer",
            "recordings.peer must be a folder, host:/folder or rsync://host/module");
    return check_path(topology->recordings.folder, "recordings.folder", places, err);
}

/*
 * What ends up in the configurations of seven daemons, each with its own quoting: an alphabet that
 * needs none is safer than seven escapers.
 */
static int check_strings(const struct topology *topology, const struct places *places,
                         struct err *err)
{
    static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *name = topology->db.name;

    if (!*name || strlen(name) > 63 || (*name >= '0' && *name <= '9') ||
        name[strspn(name, name_chars)])
        return topology_wrong(places, err, "db.name",
                              "db.name must be 1 to 63 of a-z 0-9 _, letter first");
    if (!str_is_plain_path(topology->freeswitch))
        return topology_wrong(places, err, "freeswitch",
                              "freeswitch may contain only A-Z a-z 0-9 and . _ / + @ , -");
    if (check_mail(topology, places, err) || check_recordings(topology, places, err))
        return -EINVAL;
    return check_tls(topology, places, err);
}

static bool is_usable_address(const char *text)
{
    return str_is_ip(text) && strcmp(text, "0.0.0.0") != 0 && strcmp(text, "::") != 0;
}

static int check_node(const struct topology *topology, size_t i, const struct places *places,
                      struct err *err)
{
    const struct topology_node *node = &topology->nodes[i];
    char path[64];

    snprintf(path, sizeof(path), "nodes.%zu.name", i);
    if (!str_is_label(node->name))
        return topology_wrong(places, err, path,
                              "name of a node must be 1 to 63 of a-z 0-9 and inner '-'");
    if (topology_find(topology, node->name) != node)
        return topology_wrong(places, err, path, "there is another node named %s", node->name);
    snprintf(path, sizeof(path), "nodes.%zu.address", i);
    if (!is_usable_address(node->address))
        return topology_wrong(places, err, path,
                              "address '%.64s' of node %s is not a numeric IP address",
                              node->address, node->name);
    snprintf(path, sizeof(path), "nodes.%zu.inside", i);
    if (!is_usable_address(node->inside))
        return topology_wrong(places, err, path,
                              "inside '%.64s' of node %s is not a numeric IP address", node->inside,
                              node->name);
    snprintf(path, sizeof(path), "nodes.%zu.roles", i);
    if (!node->roles)
        return topology_wrong(places, err, path, "node %s has no role", node->name);
    return 0;
}

static int check_roles(const struct topology *topology, const struct places *places,
                       struct err *err)
{
    for (size_t rule = 0; rule < DP_COUNT(role_rules); rule++) {
        unsigned int holders = 0;

        for (size_t i = 0; i < topology->nodes_count; i++)
            holders += (topology->nodes[i].roles & role_rules[rule].role) != 0;
        if (!holders)
            return topology_wrong(places, err, "nodes", "no node has the role %s",
                                  role_rules[rule].name);
        if (holders > 1 && role_rules[rule].only_one)
            return topology_wrong(places, err, "nodes",
                                  "%u nodes have the role %s, at most one may", holders,
                                  role_rules[rule].name);
    }
    return 0;
}

static bool is_same_address(const char *a, const char *b)
{
    unsigned char one[sizeof(struct in6_addr)], other[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET6, a, one) == 1 && inet_pton(AF_INET6, b, other) == 1)
        return memcmp(one, other, sizeof(one)) == 0;
    return strcmp(a, b) == 0;
}

/*
 * A relay reaches everything at the outer addresses of the edge nodes, as if it came from there.
 * What is inside believes that (rtpengine's control protocol, the media server's SIP), so it has to
 * be elsewhere. On loopback nobody gets to the relay who does not get to these as well.
 */
static int check_turn(const struct topology *topology, const struct places *places, struct err *err)
{
    for (size_t i = 0; topology->edge.turn && i < topology->nodes_count; i++) {
        const struct topology_node *edge = &topology->nodes[i];

        if (!(edge->roles & ROLE_EDGE) || str_is_loopback(edge->address))
            continue;
        for (size_t j = 0; j < topology->nodes_count; j++)
            if (is_same_address(edge->address, topology->nodes[j].inside))
                return topology_wrong(places, err, "edge.turn",
                                      "edge.turn needs inside addresses of their own: %.64s is the "
                                      "address of node %s and inside of node %s",
                                      edge->address, edge->name, topology->nodes[j].name);
    }
    return 0;
}

int topology_check(const struct topology *topology, const struct places *places, struct err *err)
{
    int res;

    if (topology->version != 1)
        return topology_wrong(places, err, "version", "version is %u, this program reads version 1",
                              topology->version);
    res = topology_check_numbers(topology, places, err);
    if (!res)
        res = check_strings(topology, places, err);
    for (size_t i = 0; !res && i < topology->nodes_count; i++)
        res = check_node(topology, i, places, err);
    if (!res)
        res = check_roles(topology, places, err);
    if (!res)
        res = check_turn(topology, places, err);
    if (!res)
        res = topology_check_ports(topology, places, err);
    return res;
}
