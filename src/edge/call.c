/* One call: found by its id, and ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "edge/call_view.h"
#include "edge/calls_private.h"

enum {
    HEADERS_MAX = 4000,
    /* What the called side has heard from the caller may be beyond what the edge has counted. */
    CSEQ_GAP = 100,
};

int edge_call_find(struct edge_pool *pool, const struct edge_media media[], size_t media_count,
                   const char *domain, const char *id, struct edge_call *out, struct err *err)
{
    const struct calls_search search = {pool, media, media_count, domain};
    const json_t *top;
    int res;

    *out = (struct edge_call){0};
    if (!str_is_uuid(id))
        return err_set(err, -ENOENT, "no such call");
    res = calls_ask(&search, id, &out->dialogs, err);
    if (res)
        return res;
    top = calls_main(out->dialogs);
    if (!top)
        res = err_set(err, -ENOENT, "no such call");
    if (!res)
        out->view = calls_make(&search, out->dialogs);
    if (!res &&
        (!out->view || str_copy(out->start, sizeof(out->start), call_view_variable(top, "start"))))
        res = err_set(err, -ENOMEM, "no memory for the call");
    if (res) {
        edge_call_free(out);
        return res;
    }
    out->media = calls_media(&search, top);
    out->is_answered = call_view_is_answered(top);
    out->is_recorded = strcmp(call_view_variable(top, "record"), "1") == 0;
    out->is_on_media = out->media && strcmp(call_view_variable(top, "media"), "1") == 0;
    return 0;
}

void edge_call_free(struct edge_call *call)
{
    json_decref(call->view);
    json_decref(call->dialogs);
    *call = (struct edge_call){0};
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/*
 * BYE to the called side, as the caller would say it. The edge says BYE to the caller and then
 * to the other side, but not when the caller's answer is faster than that: then there is no dialog
 * any more, and the other side would hear nothing until it is asked whether it is there. Whoever
 * hears it twice says that there is no such call (481).
 */
static void bye_to_callee(struct edge_pool *pool, size_t node, const json_t *dialog)
{
    const json_t *caller = json_object_get(dialog, "caller");
    const json_t *callee = json_object_get(dialog, "callee");
    struct err ignored;
    struct buf headers;
    int code = 0;

    /* Behind another proxy the way is not that of the contact. */
    if (*text_of(callee, "route_set"))
        return;
    buf_init(&headers, HEADERS_MAX);
    buf_printf(&headers,
               "From: <%s>;tag=%s\r\nTo: <%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: %d BYE\r\n"
               "Max-Forwards: 70\r\nTH: dlh\r\n\r\n",
               text_of(dialog, "from_uri"), text_of(caller, "tag"), text_of(dialog, "to_uri"),
               text_of(callee, "tag"), text_of(dialog, "call-id"),
               atoi(text_of(caller, "cseq")) + CSEQ_GAP);
    /* Whatever becomes of it: it is said again. */
    if (!buf_error(&headers))
        (void)!edge_pool_call(pool, node, "tm.t_uac_start",
                              json_pack("[s, s, s, s, s]", "BYE", text_of(callee, "contact"), ".",
                                        text_of(callee, "socket"), headers.data),
                              NULL, &code, &ignored);
    buf_free(&headers);
}

static int end_dialog(struct edge_pool *pool, const json_t *dialog, struct err *err)
{
    size_t node = (size_t)json_integer_value(json_object_get(dialog, "node"));
    int code = 0;

    if (!call_view_is_answered(dialog))
        return edge_pool_call(pool, node, "dialplane.cancel",
                              json_pack("[O, O]", json_object_get(dialog, "call-id"),
                                        json_object_get(json_object_get(dialog, "caller"), "cseq")),
                              NULL, &code, err);
    bye_to_callee(pool, node, dialog);
    return edge_pool_call(pool, node, "dialplane.end",
                          json_pack("[O, s, s]", json_object_get(dialog, "call-id"),
                                    text_of(json_object_get(dialog, "caller"), "tag"),
                                    text_of(json_object_get(dialog, "callee"), "tag")),
                          NULL, &code, err);
}

/* "sip:#21@acme.test", where # begins no fragment (RFC 3261 25.1). */
static int make_uri(const char *number, const char *domain, char *out, size_t size)
{
    char user[3 * STR_EXTENSION_MAX + 1];
    size_t len = 0;

    for (; *number && len + 4 < sizeof(user); number++) {
        if (*number == '#') {
            memcpy(user + len, "%23", 3);
            len += 3;
        } else {
            user[len++] = *number;
        }
    }
    user[len] = '\0';
    return *number ? -EINVAL : str_printf(out, size, "sip:%s@%s", user, domain);
}

int edge_call_refer(struct edge_pool *pool, const struct edge_call *call, bool is_caller,
                    const char *domain, const char *number, struct err *err)
{
    const json_t *dialog = calls_main(call->dialogs);
    size_t node = (size_t)json_integer_value(json_object_get(dialog, "node"));
    char uri[3 * STR_EXTENSION_MAX + STR_DOMAIN_MAX + 8];
    int code = 0, res;

    if (*call_view_variable(dialog, is_caller ? "from_carrier" : "to_carrier"))
        return err_set(err, -EOPNOTSUPP, "that side is a carrier");
    if (make_uri(number, domain, uri, sizeof(uri)))
        return err_set(err, -EINVAL, "no number");
    res = edge_pool_call(pool, node, "dialplane.refer",
                         json_pack("[O, s, s, s, s, s]", json_object_get(dialog, "call-id"),
                                   text_of(json_object_get(dialog, "caller"), "tag"),
                                   text_of(json_object_get(dialog, "callee"), "tag"),
                                   is_caller ? "caller" : "callee", number, uri),
                         NULL, &code, err);
    return res == -EREMOTEIO ? err_set(err, -ENOENT, "the call has ended") : res;
}

int edge_call_end(struct edge_pool *pool, const struct edge_call *call, struct err *err)
{
    /* The others end with it: the media server that has set them up hears of it. */
    int res = end_dialog(pool, calls_main(call->dialogs), err);

    return res == -EREMOTEIO ? err_set(err, -ENOENT, "the call has ended") : res;
}
