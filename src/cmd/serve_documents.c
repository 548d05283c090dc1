/* The listener for media servers: what the routes are, and from a request to its answer. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cmd/serve.h"
#include "http/form.h"
#include "media/asterisk/realtime.h"
#include "media/freeswitch/documents.h"

#define FREESWITCH_PATH "/fs/xml/"
#define REALTIME_PATH   "/ast/realtime/"

enum {
    /* None of them ever waits. More only wake each other up: each new connection wakes them all. */
    THREADS = 2,
    /* FreeSWITCH opens a connection per request, and asks for many users at once after a restart
     * of the edge. */
    CONNECTIONS_MAX = 1000,
    TIMEOUT_S = 10,
    /* A request carries the whole channel, headers of the phone included: some 7 KB, 200 pairs. */
    BODY_MAX = 256 * 1024,
    PAIRS_MAX = 2048,
    REPLY_MAX = 1024 * 1024, /* what mod_xml_curl accepts */
    TENANT_MS = 250,         /* as long as a caller notices nothing */
};

static void count(struct serve *serve, enum serve_kind kind, enum serve_result result)
{
    atomic_fetch_add_explicit(&serve->answers[kind][result], 1, memory_order_relaxed);
}

/* From an error to what it counts as. */
static enum serve_result result_of(int res)
{
    switch (res) {
    case 0:
        return SERVE_FOUND;
    case -ENOENT:
        return SERVE_NOT_FOUND;
    case -EINVAL:
    case -E2BIG:
        return SERVE_REFUSED;
    case -EAGAIN:
        return SERVE_LATE;
    default:
        return SERVE_FAILED;
    }
}

static int parse_body(const struct http_request *request, struct form *form)
{
    size_t length;
    const char *body = http_body(request, &length);

    return form_parse(form, body, length, PAIRS_MAX);
}

static void resume(void *arg)
{
    http_resume(arg);
}

/*
 * As registry_get. -EINPROGRESS: the tenant is being read, and the handler, which returns at once,
 * is called again when it is there, or when a caller should not wait any longer.
 */
static int get_tenant(struct serve *serve, const struct http_request *request, const char *domain,
                      struct snapshot **out)
{
    int res = registry_get(serve->registry, domain, out);
    struct http_request *suspended;

    if (res != -EINPROGRESS)
        return res;
    suspended = http_is_resumed(request) ? NULL : http_suspend(request);
    if (!suspended)
        return -EAGAIN;
    if (registry_wait(serve->registry, domain, TENANT_MS, resume, suspended))
        http_resume(suspended);
    return -EINPROGRESS;
}

/* -ENOENT for a section that is not the one of the path: nothing of ours. */
static int make_document(struct serve *serve, const struct http_request *request,
                         const struct form *form, struct buf *out)
{
    const char *section = http_path(request) + strlen(FREESWITCH_PATH);
    struct snapshot *snapshot = NULL;
    char domain[FS_DOMAIN_SIZE];
    struct fs_request asked;
    int res = fs_request_read(form, &asked);

    if (res)
        return res;
    if (strcmp(asked.section, section) != 0)
        return -ENOENT;
    res = fs_request_domain(&asked, domain);
    if (!res)
        res = get_tenant(serve, request, domain, &snapshot);
    if (!res)
        res = fs_document(&asked, snapshot, out);
    if (res == -ENOBUFS)
        log_warning("what FreeSWITCH asks of %s is more than it takes at once: not found", domain);
    snapshot_unref(snapshot);
    for (size_t i = 0; i < serve->media_count && !res && asked.queue[0]; i++)
        fs_node_asked(serve->media[i], asked.queue);
    return res;
}

static void on_freeswitch(void *arg, const struct http_request *request,
                          struct http_response *response)
{
    struct serve *serve = arg;
    struct form form = {0};
    int res = parse_body(request, &form);

    if (!res)
        res = make_document(serve, request, &form, &response->body);
    form_free(&form);
    if (res == -EINPROGRESS)
        return;
    count(serve, SERVE_FREESWITCH, result_of(res));
    response->content_type = "text/xml";
    if (res == -ENOENT || res == -ENOBUFS)
        res = fs_document_not_found(&response->body);
    /* FreeSWITCH takes any status but 200 for "no answer" and looks in its static configuration. */
    if (res == -EAGAIN)
        http_problem(response, 503, NULL,
                     "nothing is known of the tenant while the database is away");
    else if (res == -EINVAL || res == -E2BIG)
        http_problem(response, 400, NULL, "this is no request of mod_xml_curl");
    else if (res)
        http_problem(response, 500, NULL, "the document cannot be made");
}

static int look_up(struct serve *serve, const struct http_request *request, const struct form *form,
                   struct buf *out)
{
    static struct rests rests = RESTS_INIT;
    const struct realtime_request asked = {
        .path = http_path(request) + strlen(REALTIME_PATH),
        .key = http_query(request, "uniqueid"),
        .form = form,
        .rests = &rests,
    };
    struct snapshot *snapshot = NULL;
    int res = get_tenant(serve, request, realtime_domain(form), &snapshot);

    if (!res || res == -ENOENT)
        res = realtime_answer(&asked, snapshot, out);
    snapshot_unref(snapshot);
    return res;
}

/* Whatever is wrong, Asterisk would take the words for it as a row: an empty 200 is "not there". */
static void on_realtime(void *arg, const struct http_request *request,
                        struct http_response *response)
{
    struct serve *serve = arg;
    struct form form = {0};
    int res;

    res = parse_body(request, &form);
    if (!res)
        res = look_up(serve, request, &form, &response->body);
    form_free(&form);
    if (res == -EINPROGRESS)
        return;
    if (res)
        buf_reset(&response->body);
    else if (!response->body.len)
        res = -ENOENT;
    count(serve, SERVE_REALTIME, result_of(res));
}

/* Of /metrics: who is no node of ours learns nothing, not even how many tenants there are. */
static void on_metrics(void *arg, const struct http_request *request,
                       struct http_response *response)
{
    struct serve *serve = arg;

    if (peers_allow(serve->peers, http_peer(request)))
        serve_metrics(serve, request, response);
    else
        http_problem(response, 403, NULL, "for the nodes of this deployment only");
}

int serve_documents_start(struct serve *serve, struct err *err)
{
    static struct http_route routes[4];
    const struct http_options options = {
        .address = serve->node.node->inside,
        .port = serve->node.topology->control.documents_port,
        .threads = THREADS,
        .connections_max = CONNECTIONS_MAX,
        .timeout_s = TIMEOUT_S,
        .body_max = BODY_MAX,
        .reply_max = REPLY_MAX,
        .user = "media",
        .password = serve->node.secrets.value[SECRET_MEDIA_PASSWORD],
        .routes = routes,
        .routes_count = DP_COUNT(routes),
    };

    routes[0] =
        (struct http_route){"POST", FREESWITCH_PATH, HTTP_AUTH | HTTP_PREFIX, on_freeswitch, serve};
    routes[1] =
        (struct http_route){"POST", REALTIME_PATH, HTTP_AUTH | HTTP_PREFIX, on_realtime, serve};
    routes[2] = (struct http_route){"GET", "/healthz", 0, serve_healthz, serve};
    routes[3] = (struct http_route){"GET", "/metrics", 0, on_metrics, serve};
    return http_server_start(&serve->documents, &options, err);
}
