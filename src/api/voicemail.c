/* One message of a mailbox: looked at, marked, deleted. */
#include "api/voicemail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/server.h"

enum { ID_SIZE = 24 };

int voicemail_box_find(struct api_request *request, enum voicemail_use use,
                       struct voicemail_box *out)
{
    static const char *const sql[] = {
        [VOICEMAIL_READ] = "SELECT mailbox FROM voip.voicemail_boxes WHERE id = $1"
                           " AND ($2::bigint IS NULL OR user_id = $2) FOR SHARE",
        [VOICEMAIL_CHANGE] = "SELECT mailbox FROM voip.voicemail_boxes WHERE id = $1"
                             " AND ($2::bigint IS NULL OR user_id = $2) FOR NO KEY UPDATE",
    };
    char own[ID_SIZE];
    const char *values[] = {request->param[0], NULL};
    PGresult *rows = NULL;
    int res = 0;

    if (request->caller.role == API_AGENT) {
        res = str_printf(own, sizeof(own), "%" PRId64, request->caller.user_id);
        values[1] = own;
    }
    if (!res)
        res = api_query(request, sql[use], 2, values, &rows);
    if (res)
        return res;
    if (PQntuples(rows) != 1 ||
        str_copy(out->mailbox, sizeof(out->mailbox), PQgetvalue(rows, 0, 0)))
        res = -ENOENT;
    PQclear(rows);
    if (res)
        api_not_found(request);
    out->box = (struct media_box){request->domain, out->mailbox};
    return res;
}

int voicemail_find(struct api_request *request, const struct media_box *box,
                   struct media_message *out)
{
    const struct live_nodes *nodes = api_parts(request->api)->live;
    const char *silent = NULL;
    struct err err;

    for (size_t i = 0; i < nodes->media_count; i++) {
        int res = media_message_find(&nodes->media[i], box, request->param[1], out, &err);

        if (!res) {
            json_object_set_new(out->about, "node", json_string(nodes->media[i].name));
            return 0;
        }
        if (res != -ENOENT)
            silent = nodes->media[i].name;
    }
    if (silent)
        api_problem(request, 503, NULL,
                    "The message may be on node %s, which does not answer. Try again soon.",
                    silent);
    else
        api_not_found(request);
    return -ENOENT;
}

void voicemail_refuse(struct api_request *request, int res, const struct err *err)
{
    if (res == -ENOENT)
        api_not_found(request);
    else if (res == -EBUSY || res == -EREMOTEIO || res == -EINVAL)
        api_problem(request, 409, NULL, "This cannot be done now: %s. Try again later.", err->text);
    else
        api_problem(request, 503, NULL, "The node that has the message does not answer: %s.",
                    err->text);
}

int voicemail_audit(struct api_request *request, const struct media_box *box,
                    const struct media_message *message, json_t *after)
{
    json_t *before = json_copy(message->about);
    char *was = NULL, *is = NULL;
    struct api_audit entry = {
        .domain_id = request->domain_id,
        .method = request->route->method,
        .resource = "voicemail-messages",
        .object_id = request->param[1],
        .request_id = request->id,
    };
    struct err err;
    int res = -ENOMEM;

    if (before && !json_object_set_new(before, "mailbox", json_string(box->mailbox)))
        was = json_dumps(before, JSON_COMPACT);
    if (after)
        is = json_dumps(after, JSON_COMPACT);
    entry.before = was;
    entry.after = is;
    if (was && (is || !after))
        res = api_audit_write(request->conn, &request->caller, &entry, &err);
    if (res)
        api_problem(request, 503, NULL, "The audit log cannot be written.");
    free(was);
    free(is);
    json_decref(before);
    json_decref(after);
    return res;
}

void voicemail_get(struct api_request *request)
{
    struct voicemail_box box;
    struct media_message message;

    if (!voicemail_box_find(request, VOICEMAIL_READ, &box) &&
        !voicemail_find(request, &box.box, &message))
        api_reply(request, 200, message.about);
}

static int read_mark(struct api_request *request, bool *out)
{
    const json_t *read = json_object_get(request->body, "read");

    *out = json_is_true(read);
    if (json_is_boolean(read) && json_object_size(request->body) == 1)
        return 0;
    api_problem(request, 422, "/read",
                "read is true or false, and all that can be changed of a message.");
    return -EINVAL;
}

void voicemail_mark(struct api_request *request)
{
    struct media_message message;
    struct voicemail_box box;
    struct err err;
    bool is_read;
    int res = 0;

    if (read_mark(request, &is_read) || voicemail_box_find(request, VOICEMAIL_CHANGE, &box) ||
        voicemail_find(request, &box.box, &message))
        return;
    if (is_read != message.is_read) {
        res = voicemail_audit(request, &box.box, &message, json_pack("{s:b}", "read", is_read));
        if (!res && !request->dry_run) {
            res = media_message_mark(message.place, &box.box, message.id, is_read, &err);
            if (res)
                voicemail_refuse(request, res, &err);
        }
    }
    if (!res && !json_object_set_new(message.about, "read", json_boolean(is_read)))
        api_reply(request, 200, json_incref(message.about));
    json_decref(message.about);
}

void voicemail_delete(struct api_request *request)
{
    struct media_message message;
    struct voicemail_box box;
    struct err err;
    int res;

    if (voicemail_box_find(request, VOICEMAIL_CHANGE, &box) ||
        voicemail_find(request, &box.box, &message))
        return;
    res = voicemail_audit(request, &box.box, &message, NULL);
    if (!res && !request->dry_run) {
        res = media_message_delete(message.place, &box.box, message.id, &err);
        if (res)
            voicemail_refuse(request, res, &err);
    }
    if (!res) {
        request->response->status = 204;
        request->response->content_type = NULL;
    }
    json_decref(message.about);
}
