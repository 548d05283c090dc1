#include "cluster/topology_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A number of the file: where it is, what it is when left out, and its range. */
struct setting {
    const char *path;
    size_t offset;
    uint16_t fallback, min, max;
};

#define SETTING(part, key, fallback, min, max)                                                     \
    {#part "." #key, offsetof(struct topology, part.key), fallback, min, max}
#define PORT(part, key, fallback) SETTING(part, key, fallback, 1, UINT16_MAX)

static const struct setting settings[] = {
    PORT(edge, sip_port, 5060),
    PORT(edge, tls_port, 5061),
    PORT(edge, inside_port, 5062),
    PORT(edge, rpc_port, 5063),
    PORT(edge, rtpengine_port, 2223),
    /* RTP below 1024 would need privileges the media daemons do not have. */
    SETTING(edge, rtp_first, 30000, 1024, UINT16_MAX),
    SETTING(edge, rtp_last, 31999, 1024, UINT16_MAX),
    SETTING(edge, workers, 4, 1, 64),
    SETTING(edge, max_requests, 400, 0, 30000),
    SETTING(edge, max_calls, 20, 1, 10000),
    PORT(media, sip_port, 5080),
    PORT(media, event_port, 8021),
    SETTING(media, rtp_first, 20000, 1024, UINT16_MAX),
    SETTING(media, rtp_last, 23999, 1024, UINT16_MAX),
    PORT(control, documents_port, 8081),
    PORT(control, agi_port, 4573),
    PORT(control, api_port, 8080),
    PORT(collector, port, 8082),
    PORT(queue, port, 6390),
    PORT(db, port, 5442),
    PORT(mail, port, 25),
};

/* What a daemon of a role listens on: a setting, or two that are the ends of a range. */
struct listener {
    enum role role;
    bool inside; /* else on the node's outer address */
    const char *first, *last;
};

static const struct listener listeners[] = {
    {ROLE_EDGE, false, "edge.sip_port", NULL},
    {ROLE_EDGE, false, "edge.tls_port", NULL},
    {ROLE_EDGE, true, "edge.inside_port", NULL},
    {ROLE_EDGE, true, "edge.rpc_port", NULL},
    {ROLE_EDGE, true, "edge.rtpengine_port", NULL},
    {ROLE_EDGE, false, "edge.rtp_first", "edge.rtp_last"},
    {ROLE_MEDIA, true, "media.sip_port", NULL},
    {ROLE_MEDIA, true, "media.event_port", NULL},
    {ROLE_MEDIA, false, "media.rtp_first", "media.rtp_last"},
    {ROLE_CONTROL, true, "control.documents_port", NULL},
    {ROLE_CONTROL, true, "control.agi_port", NULL},
    {ROLE_CONTROL, true, "control.api_port", NULL},
    {ROLE_EDGE | ROLE_MEDIA, true, "collector.port", NULL},
    {ROLE_QUEUE, true, "queue.port", NULL},
    {ROLE_DB, true, "db.port", NULL},
};

/* One listener on one node. */
struct claim {
    const struct topology_node *node;
    const struct listener *listener;
    const char *address;
    unsigned int first, last;
};

static const struct role_rule {
    enum role role;
    const char *name;
    bool only_one; /* a second one would need replication, which this version does not set up */
} role_rules[] = {
    {ROLE_EDGE, "edge", false},  {ROLE_MEDIA, "media", false}, {ROLE_CONTROL, "control", true},
    {ROLE_QUEUE, "queue", true}, {ROLE_DB, "db", true},
};

/* -EINVAL with the message, behind the line of `path` where there is a text. */
static int DP_PRINTF(4, 5)
    wrong(const struct places *places, struct err *err, const char *path, const char *format, ...)
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

static uint16_t *number_at(struct topology *topology, const struct setting *setting)
{
    return (uint16_t *)(void *)((char *)topology + setting->offset);
}

static uint16_t value_of(const struct topology *topology, const char *path)
{
    for (size_t i = 0; i < DP_COUNT(settings); i++)
        if (strcmp(settings[i].path, path) == 0)
            return *number_at((struct topology *)topology, &settings[i]);
    return 0;
}

static int complete_string(char **value, const char *fallback)
{
    if (!*value)
        *value = strdup(fallback);
    return *value ? 0 : -ENOMEM;
}

int topology_complete(struct topology *topology, const struct places *places, struct err *err)
{
    size_t i;
    int res;

    /* libcyaml leaves 0 for what is not there; a 0 that is there stays, and is refused below. */
    for (i = 0; i < DP_COUNT(settings); i++)
        if (!places || !places_has(places, settings[i].path))
            *number_at(topology, &settings[i]) = settings[i].fallback;
    res = complete_string(&topology->freeswitch, "");
    if (!res)
        res = complete_string(&topology->db.name, "dialplane");
    if (!res)
        res = complete_string(&topology->edge.tls_certificate, "");
    if (!res)
        res = complete_string(&topology->edge.tls_key, "");
    if (!res)
        res = complete_string(&topology->edge.tls_ca, "");
    if (!res)
        res = complete_string(&topology->mail.host, "");
    if (!res)
        res = complete_string(&topology->mail.from, "");
    for (i = 0; !res && i < topology->nodes_count; i++) {
        res = complete_string(&topology->nodes[i].address, "127.0.0.1");
        if (!res)
            res = complete_string(&topology->nodes[i].inside, "127.0.0.1");
    }
    if (res)
        return err_set(err, res, "out of memory");
    return topology_check(topology, places, err);
}

static int check_numbers(const struct topology *topology, const struct places *places,
                         struct err *err)
{
    for (size_t i = 0; i < DP_COUNT(settings); i++) {
        const struct setting *setting = &settings[i];
        uint16_t value = value_of(topology, setting->path);

        if (value < setting->min || value > setting->max)
            return wrong(places, err, setting->path, "%s is %u, must be %u to %u", setting->path,
                         value, setting->min, setting->max);
    }
    if (topology->edge.rtp_last <= topology->edge.rtp_first)
        return wrong(places, err, "edge.rtp_last", "edge.rtp_last must be above edge.rtp_first");
    if (topology->media.rtp_last <= topology->media.rtp_first)
        return wrong(places, err, "media.rtp_last", "media.rtp_last must be above media.rtp_first");
    return 0;
}

/* A file that the edge reads: its working folder is none that anybody would think of. */
static int check_path(const char *path, const char *key, const struct places *places,
                      struct err *err)
{
    if (*path && (*path != '/' || !str_is_plain_path(path)))
        return wrong(places, err, key,
                     "%s must begin with / and may contain only A-Z a-z 0-9 and . _ / + @ , -",
                     key);
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
        return wrong(places, err, "edge.tls_certificate",
                     "edge.tls_certificate needs its private key, edge.tls_key");
    if (!res && *key && !*certificate)
        return wrong(places, err, "edge.tls_key",
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
        return wrong(places, err, "mail.host",
                     "mail.host must be a host name in lower case, or an IPv4 address");
    if (!is_mail_address(topology->mail.from))
        return wrong(
            places, err, *topology->mail.from ? "mail.from" : "mail.host",
            "mail.from must be the address that mail comes from, as voicemail@example.org");
    return 0;
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
        return wrong(places, err, "db.name", "db.name must be 1 to 63 of a-z 0-9 _, letter first");
    if (!str_is_plain_path(topology->freeswitch))
        return wrong(places, err, "freeswitch",
                     "freeswitch may contain only A-Z a-z 0-9 and . _ / + @ , -");
    return check_mail(topology, places, err) ? -EINVAL : check_tls(topology, places, err);
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
        return wrong(places, err, path, "name of a node must be 1 to 63 of a-z 0-9 and inner '-'");
    if (topology_find(topology, node->name) != node)
        return wrong(places, err, path, "there is another node named %s", node->name);
    snprintf(path, sizeof(path), "nodes.%zu.address", i);
    if (!is_usable_address(node->address))
        return wrong(places, err, path, "address '%.64s' of node %s is not a numeric IP address",
                     node->address, node->name);
    snprintf(path, sizeof(path), "nodes.%zu.inside", i);
    if (!is_usable_address(node->inside))
        return wrong(places, err, path, "inside '%.64s' of node %s is not a numeric IP address",
                     node->inside, node->name);
    snprintf(path, sizeof(path), "nodes.%zu.roles", i);
    if (!node->roles)
        return wrong(places, err, path, "node %s has no role", node->name);
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
            return wrong(places, err, "nodes", "no node has the role %s", role_rules[rule].name);
        if (holders > 1 && role_rules[rule].only_one)
            return wrong(places, err, "nodes", "%u nodes have the role %s, at most one may",
                         holders, role_rules[rule].name);
    }
    return 0;
}

static struct claim claim_of(const struct topology *topology, const struct topology_node *node,
                             const struct listener *listener)
{
    const char *last = listener->last ? listener->last : listener->first;

    return (struct claim){
        .node = node,
        .listener = listener,
        .address = listener->inside ? node->inside : node->address,
        .first = value_of(topology, listener->first),
        .last = value_of(topology, last),
    };
}

static int compare_claims(const struct claim *a, const struct claim *b, const struct places *places,
                          struct err *err)
{
    if (strcmp(a->address, b->address) != 0 || a->last < b->first || b->last < a->first)
        return 0;
    return wrong(places, err, b->listener->first,
                 "%s of node %s and %s of node %s share port %u of %s", a->listener->first,
                 a->node->name, b->listener->first, b->node->name,
                 a->first > b->first ? a->first : b->first, a->address);
}

/*
 * Every pair of listeners: a few hundred comparisons for nine nodes. UDP and TCP are not told
 * apart, since a port that means two things on one address confuses firewalls and people.
 */
static int check_ports(const struct topology *topology, const struct places *places,
                       struct err *err)
{
    struct claim *claims;
    size_t count = 0;
    int res = 0;

    claims = calloc(topology->nodes_count * DP_COUNT(listeners), sizeof(*claims));
    if (!claims)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < topology->nodes_count; i++)
        for (size_t j = 0; j < DP_COUNT(listeners); j++)
            if (topology->nodes[i].roles & listeners[j].role)
                claims[count++] = claim_of(topology, &topology->nodes[i], &listeners[j]);
    for (size_t i = 0; !res && i < count; i++)
        for (size_t j = 0; !res && j < i; j++)
            res = compare_claims(&claims[j], &claims[i], places, err);
    free(claims);
    return res;
}

int topology_check(const struct topology *topology, const struct places *places, struct err *err)
{
    int res;

    if (topology->version != 1)
        return wrong(places, err, "version", "version is %u, this program reads version 1",
                     topology->version);
    res = check_numbers(topology, places, err);
    if (!res)
        res = check_strings(topology, places, err);
    for (size_t i = 0; !res && i < topology->nodes_count; i++)
        res = check_node(topology, i, places, err);
    if (!res)
        res = check_roles(topology, places, err);
    if (!res)
        res = check_ports(topology, places, err);
    return res;
}
