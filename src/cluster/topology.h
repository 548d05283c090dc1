/*
 * The deployment file: one YAML file that describes every node of a deployment, read by libcyaml.
 * Unknown keys are errors; every error is "file:line: what". docs: deploy/single.yaml says what
 * each key means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum media_server { MEDIA_SERVER_AUTO, MEDIA_SERVER_FREESWITCH, MEDIA_SERVER_ASTERISK };

/* Whether FreeSWITCH asks for what to do with each call, or its files say so. */
enum dialplan { DIALPLAN_STATIC, DIALPLAN_DYNAMIC };

/* When rtpengine stands in the path of a call between two phones: where NAT needs it, or always. */
enum anchor_media { ANCHOR_MEDIA_AUTO, ANCHOR_MEDIA_ALWAYS };

enum role {
    ROLE_EDGE = 1 << 0,
    ROLE_MEDIA = 1 << 1,
    ROLE_CONTROL = 1 << 2,
    ROLE_QUEUE = 1 << 3,
    ROLE_DB = 1 << 4,
};

struct topology_node {
    char *name;     /* str_is_label */
    char *address;  /* numeric IP: what phones and carriers reach */
    char *inside;   /* numeric IP: what the nodes use among themselves */
    uint32_t roles; /* of enum role */
};

/* Ports are 1 to 65535, ranges first to last inclusive. Strings are never NULL. */
struct topology {
    uint16_t version;
    enum media_server media_server;
    char *freeswitch; /* path of the program, "" for the one in PATH */
    struct topology_node *nodes;
    uint32_t nodes_count;
    struct {
        uint16_t sip_port, tls_port, inside_port, rpc_port, rtpengine_port;
        uint16_t rtp_first, rtp_last;
        bool turn; /* whether browsers are given a relay */
        uint16_t turn_port, turn_first, turn_last;
        uint16_t workers;      /* SIP worker processes per socket */
        uint16_t max_requests; /* of one address from outside in 2 s; 0: any number */
        uint16_t max_calls;    /* of one user at a time */
        enum anchor_media anchor_media;
        /* Plain paths. "": the edge makes a certificate of its own, which nobody vouches for. */
        char *tls_certificate, *tls_key;
        char *tls_ca; /* who vouches for carriers, "" for the system's list */
    } edge;
    struct {
        uint16_t sip_port, event_port, rtp_first, rtp_last;
        enum dialplan dialplan;
    } media;
    struct {
        uint16_t documents_port, agi_port, api_port;
    } control;
    struct {
        uint16_t port;
        uint16_t spool_mib;   /* of call records that PostgreSQL does not have yet */
        uint16_t reserve_mib; /* of the disk that the collector leaves to others */
    } collector;
    struct {
        uint16_t port;
    } queue;
    struct {
        uint16_t port;
        char *name;
    } db;
    struct {
        uint16_t writers;                          /* processes that insert records */
        uint16_t keep_months;                      /* whole months of calls and their legs */
        uint16_t keep_raw_days;                    /* whole days of records as they came */
        uint16_t keep_note_days;                   /* whole days of what the edge saw */
        uint16_t reconcile_every, reconcile_grace; /* seconds, cdr/reconcile.h */
    } cdr;
    struct {
        uint16_t keep_days; /* entries of the audit log */
    } audit;
    struct {
        char *host;    /* who takes mail to users; "": there is none */
        uint16_t port; /* SMTP */
        char *from;    /* the sender's address */
    } mail;
    struct {
        char *folder; /* where media servers write while a call runs; "": run/recordings */
        char *peer;   /* where the store is copied to, as rsync takes it; "": nowhere */
    } recordings;
    struct {
        bool allow_private;  /* receivers that are not on the Internet */
        uint16_t timeout_s;  /* of one try */
        uint16_t retry_s;    /* until the second one */
        uint16_t dead_hours; /* after which a failure is the last one */
        uint16_t keep_days;  /* what is delivered, or dead */
    } webhooks;
};

/*
 * Reads and checks the file; what it leaves out has its default. Freed with topology_free.
 * -EINVAL for what the file says wrong, other errno for what keeps it from being read.
 */
int topology_load(struct topology **out, const char *path, struct err *err) DP_CHECK;
void topology_free(struct topology *topology);

/* Writes the topology as a deployment file that topology_load reads back to the same values. */
int topology_save(const struct topology *topology, const char *path, struct err *err) DP_CHECK;

/* The node of this name, or NULL. */
const struct topology_node *topology_find(const struct topology *topology, const char *name);

/* The first node that has the role. There is one for each role. */
const struct topology_node *topology_first(const struct topology *topology, enum role role);

/*
 * Replaces the outer address of the only node. -EINVAL when there are several nodes, when it is
 * not an address of this kind, or when a port would then be used twice.
 */
int topology_set_address(struct topology *topology, const char *address, struct err *err) DP_CHECK;

const char *media_server_name(enum media_server server);
