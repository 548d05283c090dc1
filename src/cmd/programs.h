/* Where the daemons' programs are on this machine. */
#pragma once

#include <limits.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cluster/topology.h"

struct programs {
    char postgres[PATH_MAX], redis[PATH_MAX], rtpengine[PATH_MAX], kamailio[PATH_MAX];
    char freeswitch[PATH_MAX], turnserver[PATH_MAX];
    unsigned int kamailio_major; /* its version, 0 when it does not say */
};

/*
 * Finds what the roles of `node` need, in PATH and in the sbin folders that a user's PATH lacks;
 * PostgreSQL's server of the version that `state`/db was made by, or the newest. What the node
 * does not need stays "". -ENOENT names the program and its package.
 */
int programs_find(struct programs *out, const struct topology *topology,
                  const struct topology_node *node, const char *state, struct err *err) DP_CHECK;

/* The FreeSWITCH that "auto" would take: as configured, or in PATH. "" when there is none. */
int programs_freeswitch(const struct topology *topology, char out[PATH_MAX]) DP_CHECK;
