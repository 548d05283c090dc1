/*
 * The passwords the daemons use among themselves: one file each in STATE/secrets, mode 0600,
 * made at random where missing and never overwritten. Whoever wants a value of their own writes
 * the file before the first `dialplane render`.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"

enum secret {
    SECRET_RPC_TOKEN,      /* bearer token of Kamailio's JSON-RPC */
    SECRET_MEDIA_PASSWORD, /* basic auth of media servers towards serve and collector */
    SECRET_EVENT_PASSWORD, /* FreeSWITCH event socket, or Asterisk's AMI */
    SECRET_REDIS_PASSWORD,
    SECRET_NONCE_KEY,      /* from which Kamailio makes digest nonces */
    SECRET_MASK_KEY,       /* by which it hides addresses from carriers */
    SECRET_RECORDING_KEY,  /* that wraps the keys of recordings */
    SECRET_CREDENTIAL_KEY, /* of phones' credentials for a while */
    SECRET_TURN_KEY,       /* of TURN's */
    SECRET_DB_ADMIN,       /* role dialplane: migrate */
    SECRET_DB_CONTROL,     /* role dialplane_control: serve */
    SECRET_DB_CDR,         /* role dialplane_cdr: cdr-writer */
    SECRET_DB_EDGE,        /* role dialplane_edge: Kamailio */
    SECRET_DB_API,         /* role dialplane_api: the API of serve */
    SECRET_COUNT,
};

enum { SECRET_MIN = 16, SECRET_MAX = 64 }; /* characters */

struct secrets {
    char value[SECRET_COUNT][SECRET_MAX + 1];
};

/* Name of the secret, which is also its file's. */
const char *secret_name(enum secret secret);

/* The PostgreSQL login role that has this password, or NULL when it is no password of a role. */
const char *secret_role(enum secret secret);

/* Creates the folder (0700) and each secret that has no file yet. */
int secrets_create(const char *folder, struct err *err) DP_CHECK;

/*
 * Reads all of them. -ENOENT when one is missing, -EINVAL when one is not 16 to 64 of A-Z a-z 0-9 _
 * and - (a newline at the end is allowed): every configuration syntax takes those as they are.
 */
int secrets_load(struct secrets *secrets, const char *folder, struct err *err) DP_CHECK;

/* Overwrites the values in memory. */
void secrets_clear(struct secrets *secrets);
