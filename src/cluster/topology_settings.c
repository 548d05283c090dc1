/* The numbers of the deployment file: what they are when left out, and their ranges. */
#include <errno.h>
#include <string.h>

#include "cluster/topology_private.h"

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
    PORT(edge, turn_port, 3478),
    SETTING(edge, turn_first, 24000, 1024, UINT16_MAX),
    SETTING(edge, turn_last, 25999, 1024, UINT16_MAX),
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
    SETTING(collector, spool_mib, 4096, 1, UINT16_MAX),
    SETTING(collector, reserve_mib, 256, 1, UINT16_MAX),
    PORT(queue, port, 6390),
    PORT(db, port, 5442),
    SETTING(cdr, writers, 1, 1, 8),
    SETTING(cdr, keep_months, 24, 1, 240),
    SETTING(cdr, keep_raw_days, 30, 1, 366),
    SETTING(cdr, keep_note_days, 35, 1, 366),
    SETTING(cdr, reconcile_every, 15, 1, 3600),
    SETTING(cdr, reconcile_grace, 30, 1, 43200),
    SETTING(audit, keep_days, 400, 30, 36500),
    PORT(mail, port, 25),
    SETTING(webhooks, timeout_s, 10, 1, 60),
    SETTING(webhooks, retry_s, 5, 1, 3600),
    SETTING(webhooks, dead_hours, 24, 1, 168),
    /* More than they are tried for. */
    SETTING(webhooks, keep_days, 14, 8, 366),
};

static uint16_t *number_at(struct topology *topology, const struct setting *setting)
{
    return (uint16_t *)(void *)((char *)topology + setting->offset);
}

uint16_t topology_value(const struct topology *topology, const char *path)
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
    if (!res)
        res = complete_string(&topology->recordings.folder, "");
    if (!res)
        res = complete_string(&topology->recordings.peer, "");
    for (i = 0; !res && i < topology->nodes_count; i++) {
        res = complete_string(&topology->nodes[i].address, "127.0.0.1");
        if (!res)
            res = complete_string(&topology->nodes[i].inside, "127.0.0.1");
    }
    if (res)
        return err_set(err, res, "out of memory");
    return topology_check(topology, places, err);
}

int topology_check_numbers(const struct topology *topology, const struct places *places,
                           struct err *err)
{
    for (size_t i = 0; i < DP_COUNT(settings); i++) {
        const struct setting *setting = &settings[i];
        uint16_t value = topology_value(topology, setting->path);

        if (value < setting->min || value > setting->max)
            return topology_wrong(places, err, setting->path, "%s is %u, must be %u to %u",
                                  setting->path, value, setting->min, setting->max);
    }
    if (topology->edge.rtp_last <= topology->edge.rtp_first)
        return topology_wrong(places, err, "edge.rtp_last",
                              "edge.rtp_last must be above edge.rtp_first");
    if (topology->media.rtp_last <= topology->media.rtp_first)
        return topology_wrong(places, err, "media.rtp_last",
                              "media.rtp_last must be above media.rtp_first");
    if (topology->edge.turn_last <= topology->edge.turn_first)
        return topology_wrong(places, err, "edge.turn_last",
                              "edge.turn_last must be above edge.turn_first");
    return 0;
}
