#include "webhook/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "webhook/address.h"

enum {
    ANSWER_MAX = 64 * 1024, /* head and body: nobody reads it */
    STAMP_SIZE = 24,
};

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;

    (void)purpose;
    if (!address_is_allowed(&address->addr, transfer->tls, transfer->allow_private)) {
        transfer->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Less than it was given makes curl end the transfer. */
static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;

    (void)data;
    transfer->received += size * count;
    return transfer->received > ANSWER_MAX ? 0 : size * count;
}

static int add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);

    if (!headers)
        return -ENOMEM;
    transfer->headers = headers;
    return 0;
}

/* Over "TIME.BODY": a receiver that refuses old times cannot be sent the same once more by others.
 */
static int sign(const struct transfer *transfer, const char *secret, const char *stamp,
                char out[CRYPTO_SHA256_HEX])
{
    size_t size = strlen(stamp) + strlen(transfer->body) + 2;
    char *text = malloc(size);
    int len, res = -ENOMEM;

    if (!text)
        return res;
    len = snprintf(text, size, "%s.%s", stamp, transfer->body);
    res = crypto_hmac_sha256_hex(secret, strlen(secret), text, (size_t)len, out);
    free(text);
    return res;
}

static int set_headers(struct transfer *transfer, const struct delivery *delivery)
{
    char stamp[STAMP_SIZE], signature[CRYPTO_SHA256_HEX];
    const struct {
        const char *name, *value;
    } own[] = {
        {"X-Dialplane-Event: ", delivery->event},
        {"X-Dialplane-Delivery: ", delivery->id},
        {"X-Dialplane-Timestamp: ", stamp},
        {"X-Dialplane-Signature: v1=", signature},
        {"Content-Type: ", "application/json"},
        /* No waiting for "100 Continue". */
        {"Expect:", ""},
    };
    char line[256];
    int res;

    snprintf(stamp, sizeof(stamp), "%" PRId64, clock_wall_us() / 1000000);
    res = sign(transfer, delivery->secret, stamp, signature);
    for (size_t i = 0; i < DP_COUNT(own) && !res; i++) {
        res = str_printf(line, sizeof(line), "%s%s", own[i].name, own[i].value);
        if (!res)
            res = add_header(transfer, line);
    }
    return res;
}

/* What a receiver can do to us. */
static void set_limits(struct transfer *transfer, const struct transfer_options *options)
{
    CURL *curl = transfer->curl;

    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_s * 1000);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->timeout_s * 1000);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Whatever the environment says: behind a proxy nobody knows the address. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* A name server that does not answer is not waited for when the transfer is over. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
}

static int set_request(struct transfer *transfer, const struct delivery *delivery,
                       const struct transfer_options *options)
{
    CURL *curl = transfer->curl;

    curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, options->agent);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(transfer->body));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, transfer->body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
    set_limits(transfer, options);
    return curl_easy_setopt(curl, CURLOPT_URL, delivery->url) ? -ENOMEM : 0;
}

int transfer_new(struct transfer **out, const struct delivery *delivery,
                 const struct transfer_options *options)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    int res;

    if (!transfer)
        return -ENOMEM;
    transfer->webhook = delivery->webhook;
    transfer->attempt = delivery->attempt;
    transfer->allow_private = options->allow_private;
    transfer->tls = str_starts_with(delivery->url, "https:");
    transfer->body = strdup(delivery->body);
    transfer->curl = curl_easy_init();
    res = transfer->body && transfer->curl
              ? str_copy(transfer->id, sizeof(transfer->id), delivery->id)
              : -ENOMEM;
    if (!res)
        res = set_headers(transfer, delivery);
    if (!res)
        res = set_request(transfer, delivery, options);
    if (res)
        transfer_free(transfer);
    else
        *out = transfer;
    return res;
}

void transfer_free(struct transfer *transfer)
{
    if (!transfer)
        return;
    curl_easy_cleanup(transfer->curl);
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    free(transfer);
}

static const char *refusal(const struct transfer *transfer)
{
    if (transfer->allow_private)
        return "the address is on the Internet: https is needed";
    return "the address is not one of the Internet, or https is missing: the operator does not "
           "allow it";
}

void transfer_finish(struct transfer *transfer, CURLcode code)
{
    const char *reason = NULL;
    long status = 0;

    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    transfer->status = (int)status;
    /* Whoever says yes, and then too much, has said yes. */
    if (code == CURLE_WRITE_ERROR && transfer->received > ANSWER_MAX)
        reason = status >= 200 && status < 300 ? NULL : "the answer is too long";
    else if (code == CURLE_COULDNT_CONNECT && transfer->refused)
        reason = refusal(transfer);
    else if (code)
        reason = curl_easy_strerror(code);
    else if (status >= 300 && status < 400)
        reason = "a redirect, which is not followed";
    else if (status < 200 || status >= 300)
        reason = "the receiver does not take it";
    transfer->ok = !reason;
    snprintf(transfer->error, sizeof(transfer->error), "%s", reason ? reason : "");
}
