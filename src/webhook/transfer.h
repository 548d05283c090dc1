/* One delivery under way: the request, signed, and what became of it. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/str.h"

enum { TRANSFER_ERROR = 256 };

/* What is to be delivered. Strings are the caller's until transfer_new returns. */
struct delivery {
    const char *id;
    int64_t webhook;
    int attempt;
    const char *event, *body, *url, *secret;
};

struct transfer_options {
    const char *agent;
    bool allow_private;
    unsigned timeout_s;
};

struct transfer {
    struct transfer *next; /* of the owner's list */
    char id[STR_UUID_LENGTH + 1];
    int64_t webhook;
    int attempt;
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    bool tls, allow_private;
    size_t received; /* bytes of the answer */
    bool refused;    /* the address */
    /* After transfer_finish: */
    bool ok;
    int status; /* 0: no answer */
    char error[TRANSFER_ERROR];
    /* After ledger_mark: somebody had its row, and it is not marked; so many times by now. */
    bool held;
    unsigned held_times;
};

/*
 * Makes the request: POST, signed, no redirects, no proxy, TLS verified, addresses as
 * address_is_allowed. -ENOMEM.
 */
int transfer_new(struct transfer **out, const struct delivery *delivery,
                 const struct transfer_options *options) DP_CHECK;
void transfer_free(struct transfer *transfer);

/* After the transfer has ended, with curl's result: sets ok, status and error. */
void transfer_finish(struct transfer *transfer, CURLcode code);
