/* What the files of the checks share; in the order of topology_check. */
#pragma once

#include "base/compiler.h"
#include "cluster/topology_check.h"

/* -EINVAL with the message, behind the line of `path` where there is a text. */
int topology_wrong(const struct places *places, struct err *err, const char *path,
                   const char *format, ...) DP_PRINTF(4, 5);

/* The number at a path, as "edge.sip_port"; 0 when there is none. */
uint16_t topology_value(const struct topology *topology, const char *path);

/* That every number is in its range. */
int topology_check_numbers(const struct topology *topology, const struct places *places,
                           struct err *err) DP_CHECK;

/* That no two sockets of one address share a port. */
int topology_check_ports(const struct topology *topology, const struct places *places,
                         struct err *err) DP_CHECK;
