/* One call: found by its id, and ended. */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "edge/call_view.h"
#include "edge/calls_private.h"

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

static int end_dialog(struct edge_pool *pool, const json_t *dialog, struct err *err)
{
    size_t node = (size_t)json_integer_value(json_object_get(dialog, "node"));
    int code = 0;

    if (call_view_is_answered(dialog))
        return edge_pool_call(pool, node, "dlg.end_dlg",
                              json_pack("[O, O]", json_object_get(dialog, "h_entry"),
                                        json_object_get(dialog, "h_id")),
                              NULL, &code, err);
    return edge_pool_call(pool, node, "dialplane.cancel",
                          json_pack("[O, O]", json_object_get(dialog, "call-id"),
                                    json_object_get(json_object_get(dialog, "caller"), "cseq")),
                          NULL, &code, err);
}

int edge_call_end(struct edge_pool *pool, const struct edge_call *call, struct err *err)
{
    /* The others end with it: the media server that has set them up hears of it. */
    int res = end_dialog(pool, calls_main(call->dialogs), err);

    return res == -EREMOTEIO ? err_set(err, -ENOENT, "the call has ended") : res;
}
