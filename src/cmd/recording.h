/* What the parts of `dialplane recording` share. */
#pragma once

#include <libpq-fe.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cmd/common.h"

struct recording_options {
    const char *tenant, *call, *id, *out;
};

/* Hands out the sound of --id, decrypted, to --out or standard output (recording_get.c). */
int recording_get(PGconn *conn, const struct cmd_node *node,
                  const struct recording_options *options, struct err *err) DP_CHECK;

/* Compares files of this node's store with their checksums: of --id, or all (recording_get.c). A
 * line for each that is not as it was; -EBADMSG when there is one. */
int recording_verify(PGconn *conn, const struct cmd_node *node,
                     const struct recording_options *options, struct err *err) DP_CHECK;
