#include "edge/jsonrpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    CONNECT_MS = 500,        /* the nodes of a deployment share a network */
    REPLY_MAX = 1024 * 1024, /* a listing; the answers we ask for are some bytes */
};

struct jsonrpc {
    CURL *curl;
    struct curl_slist *headers;
    struct buf reply;
    atomic_bool cancelled;
    unsigned id; /* of the last call: an answer to an earlier one is no answer */
};

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct jsonrpc *rpc = arg;

    /* Less than it was given makes curl end the transfer. */
    return buf_add(&rpc->reply, data, size * count) ? 0 : size * count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct jsonrpc *rpc = arg;

    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&rpc->cancelled);
}

static int add_header(struct jsonrpc *rpc, const char *line)
{
    struct curl_slist *headers = curl_slist_append(rpc->headers, line);

    if (!headers)
        return -ENOMEM;
    rpc->headers = headers;
    return 0;
}

static int set_headers(struct jsonrpc *rpc, const char *token)
{
    char bearer[256];
    int res = str_printf(bearer, sizeof(bearer), "Authorization: Bearer %s", token);

    if (!res)
        res = add_header(rpc, bearer);
    explicit_bzero(bearer, sizeof(bearer));
    if (!res)
        res = add_header(rpc, "Content-Type: application/json");
    /* No waiting for "100 Continue". */
    return res ? res : add_header(rpc, "Expect:");
}

static int set_options(struct jsonrpc *rpc, const char *host, uint16_t port)
{
    const bool v6 = strchr(host, ':');
    char url[128];
    int res = str_printf(url, sizeof(url), "http://%s%s%s:%u/rpc", v6 ? "[" : "", host,
                         v6 ? "]" : "", port);

    if (res)
        return res;
    curl_easy_setopt(rpc->curl, CURLOPT_HTTPHEADER, rpc->headers);
    curl_easy_setopt(rpc->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(rpc->curl, CURLOPT_WRITEDATA, rpc);
    curl_easy_setopt(rpc->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(rpc->curl, CURLOPT_XFERINFODATA, rpc);
    curl_easy_setopt(rpc->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(rpc->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(rpc->curl, CURLOPT_NOSIGNAL, 1L);
    /* Whatever the environment says: this is the inside network. */
    curl_easy_setopt(rpc->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(rpc->curl, CURLOPT_TCP_NODELAY, 1L);
    return curl_easy_setopt(rpc->curl, CURLOPT_URL, url) ? -ENOMEM : 0;
}

int jsonrpc_new(struct jsonrpc **out, const char *host, uint16_t port, const char *token)
{
    struct jsonrpc *rpc;
    int res;

    if (!str_is_ip(host))
        return -EINVAL;
    rpc = calloc(1, sizeof(*rpc));
    if (!rpc)
        return -ENOMEM;
    buf_init(&rpc->reply, REPLY_MAX);
    rpc->curl = curl_easy_init();
    res = rpc->curl ? set_headers(rpc, token) : -ENOMEM;
    if (!res)
        res = set_options(rpc, host, port);
    if (res)
        jsonrpc_free(rpc);
    else
        *out = rpc;
    return res;
}

void jsonrpc_free(struct jsonrpc *rpc)
{
    if (!rpc)
        return;
    if (rpc->curl)
        curl_easy_cleanup(rpc->curl);
    curl_slist_free_all(rpc->headers);
    buf_free(&rpc->reply);
    free(rpc);
}

/* The request as text, for free(). NULL without memory. */
static char *make_request(struct jsonrpc *rpc, const char *method, json_t *params)
{
    /* "o" takes the list over, also when it fails. */
    json_t *request = json_pack("{s:s, s:s, s:o, s:I}", "jsonrpc", "2.0", "method", method,
                                "params", params, "id", (json_int_t)++rpc->id);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;

    json_decref(request);
    return text;
}

static int transfer_error(CURLcode code, struct err *err)
{
    int res = -EIO;

    if (code == CURLE_COULDNT_CONNECT)
        res = -ECONNREFUSED;
    else if (code == CURLE_OPERATION_TIMEDOUT)
        res = -ETIMEDOUT;
    else if (code == CURLE_OUT_OF_MEMORY)
        res = -ENOMEM;
    return err_set(err, res, "%s", curl_easy_strerror(code));
}

static int transfer(struct jsonrpc *rpc, const char *request, int timeout_ms, struct err *err)
{
    CURLcode code;
    long status = 0;

    buf_reset(&rpc->reply);
    curl_easy_setopt(rpc->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(rpc->curl, CURLOPT_POSTFIELDS, request);
    code = curl_easy_perform(rpc->curl);
    curl_easy_setopt(rpc->curl, CURLOPT_POSTFIELDS, NULL);
    if (code != CURLE_OK)
        return transfer_error(code, err);
    curl_easy_getinfo(rpc->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 401)
        return err_set(err, -EACCES, "the token is refused");
    /* The method's own errors come with a status of their own, and as JSON. */
    return 0;
}

/* Reads the answer to the last request. */
static int read_reply(struct jsonrpc *rpc, json_t *reply, json_t **result, int *code,
                      struct err *err)
{
    json_t *value = json_object_get(reply, "result");
    const char *message = "";
    json_int_t id = 0;

    if (json_unpack(reply, "{s:I}", "id", &id) || id != (json_int_t)rpc->id)
        return err_set(err, -EIO, "an answer to another request");
    if (value) {
        if (result)
            *result = json_incref(value);
        return 0;
    }
    if (json_unpack(reply, "{s:{s:i, s:s}}", "error", "code", code, "message", &message))
        return err_set(err, -EIO, "neither a result nor an error");
    return err_set(err, -EREMOTEIO, "%d %.200s", *code, message);
}

/* What phones say of themselves goes into an answer as it is, and need not be UTF-8, as JSON is. */
static json_t *parse(struct buf *text)
{
    json_t *value = json_loadb(text->data, text->len, 0, NULL);

    for (size_t i = 0; i < text->len && !value; i++)
        if ((unsigned char)text->data[i] >= 0x80)
            text->data[i] = '?';
    return value ? value : json_loadb(text->data, text->len, 0, NULL);
}

int jsonrpc_call_list(struct jsonrpc *rpc, const char *method, json_t *params, int timeout_ms,
                      json_t **result, int *code, struct err *err)
{
    char *request = params ? make_request(rpc, method, params) : NULL;
    json_t *reply;
    int res;

    if (!request)
        return err_set(err, -ENOMEM, "no memory for the request");
    res = transfer(rpc, request, timeout_ms, err);
    free(request);
    if (res)
        return res;
    reply = parse(&rpc->reply);
    if (!reply)
        return err_set(err, -EIO, "the answer is no JSON");
    res = read_reply(rpc, reply, result, code, err);
    json_decref(reply);
    return res;
}

int jsonrpc_call(struct jsonrpc *rpc, const char *method, const char *const params[], size_t count,
                 int timeout_ms, json_t **result, int *code, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count && list; i++)
        if (json_array_append_new(list, json_string(params[i]))) {
            json_decref(list);
            list = NULL;
        }
    return jsonrpc_call_list(rpc, method, list, timeout_ms, result, code, err);
}

void jsonrpc_cancel(struct jsonrpc *rpc)
{
    atomic_store(&rpc->cancelled, true);
}
