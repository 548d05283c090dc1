/* Defaults of the deployment file, and the checks that go beyond types. Used by topology.c. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "cluster/places.h"
#include "cluster/topology.h"

/*
 * Fills what the text left out, then checks values, ranges, roles and that no two sockets of one
 * address share a port. `places` may be NULL for a topology that no text stands behind: messages
 * then have no line.
 */
int topology_complete(struct topology *topology, const struct places *places,
                      struct err *err) DP_CHECK;

/* The checks alone. */
int topology_check(const struct topology *topology, const struct places *places,
                   struct err *err) DP_CHECK;
