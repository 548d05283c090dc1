/*
 * From the deployment file to the configuration of every daemon of one node.
 *
 * The files in conf/ are static and complete; each daemon's own include pulls in one small file
 * that is written here, or the whole file where a daemon has no include. Everything is built in
 * STATE/etc.next, which then takes the place of STATE/etc: nothing of an earlier rendering stays.
 *
 * Values are not escaped but checked: addresses are numeric, secrets and names have an alphabet
 * that every syntax takes as it is, paths are "plain" (str_is_plain_path). One rule instead of
 * nine escapers that each have to be right.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "cluster/secrets.h"
#include "cluster/topology.h"

/* A path in STATE is at most this long, so that sun_path (108 bytes) of a socket in run/ fits. */
enum { RENDER_STATE_MAX = 80, RENDER_FILE_MAX = 256 * 1024, RENDER_HOST_SIZE = 64 };

struct render {
    const struct topology *topology; /* with media_server decided: not MEDIA_SERVER_AUTO */
    const struct topology_node *node;
    const struct secrets *secrets;
    const char *state;      /* absolute */
    const char *conf;       /* folder with a folder for each daemon */
    const char *migrations; /* copied to STATE/share/migrations; NULL: not copied */
    struct {
        const char *postgres, *redis, *rtpengine, *kamailio, *freeswitch,
            *turnserver; /* plain paths */
    } programs;
    bool kamailio6;             /* Kamailio from STATE/tree/kamailio6, through its own loader */
    bool tls_threads;           /* Kamailio is 6 or newer, and has to be told how it uses OpenSSL */
    const char *kamailio_mpath; /* folder of its modules where it is not the usual one, or NULL */
};

/* Writes everything the node needs. -EINVAL when a value cannot be written, with what to do. */
int render_node(const struct render *render, struct err *err) DP_CHECK;

/* The folders of STATE, which may have to exist before the topology is known. */
int render_folders(const char *state, struct err *err) DP_CHECK;

/* For render_*.c: each writes the files of one daemon. */
int render_kamailio(const struct render *render, struct err *err) DP_CHECK;
int render_tls(const struct render *render, struct err *err) DP_CHECK; /* Kamailio's tls.cfg */
int render_freeswitch(const struct render *render, struct err *err) DP_CHECK;
int render_timezones(const struct render *render, struct err *err) DP_CHECK; /* FreeSWITCH's */
int render_asterisk(const struct render *render, struct err *err) DP_CHECK;
int render_mail(const struct render *render, struct err *err) DP_CHECK;
int render_redis(const struct render *render, struct err *err) DP_CHECK;
int render_postgresql(const struct render *render, struct err *err) DP_CHECK;
int render_rtpengine(const struct render *render, struct err *err) DP_CHECK;
int render_coturn(const struct render *render, struct err *err) DP_CHECK;
int render_lsyncd(const struct render *render, struct err *err) DP_CHECK;
int render_supervisor(const struct render *render, struct err *err) DP_CHECK;

/* Writes a finished buffer to a name such as "redis/node.conf" below etc/, and frees it. */
int render_put(const struct render *render, const char *name, mode_t mode, struct buf *text,
               struct err *err) DP_CHECK;

/* Where media servers write recordings while a call runs. */
int render_recordings(const struct render *render, char out[PATH_MAX], struct err *err) DP_CHECK;

/* An address as it stands before ":port": in brackets where it is IPv6. */
const char *render_host(const char *address, char out[RENDER_HOST_SIZE]);

/* Prefix length that names one host: 32 or 128. */
/* Whether there is somebody to give mail to. */
bool render_has_mail(const struct topology *topology);

int render_prefix(const char *address);
