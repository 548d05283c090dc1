/* What recordings have beside the verbs of a resource: their sound, and another way to be deleted.
 */
#include "api/api_private.h"
#include "api/recording_audio.h"
#include "api/resources/resources.h"

enum { SQL_MAX = 8192 };

/* Columns of the row. */
enum { ROW, HELD, DELETED };

/* Whether it may be deleted; otherwise the response is a problem. */
static bool check(struct api_request *request, const PGresult *row)
{
    if (PQntuples(row) == 0)
        api_not_found(request);
    else if (!PQgetisnull(row, 0, DELETED))
        api_problem(request, 410, NULL, "The recording was deleted already.");
    else if (!PQgetisnull(row, 0, HELD))
        api_problem(request, 409, "/legal_hold",
                    "The recording is held (legal_hold). Release it first, if that may be.");
    else
        return true;
    return false;
}

/* It is deleted by its node's collector, as if it were old enough: the file may be on another node
 * than this, and nobody else deletes files. From now on nobody hears it. */
static void ask(struct api_request *request, const PGresult *row)
{
    static const char sql[] = "UPDATE voip.recordings SET delete_asked_at = now() WHERE id = $1";

    if (api_query(request, sql, 1, request->param, NULL) ||
        api_audit_row(request, &api_recordings, request->param[0], PQgetvalue(row, 0, ROW), NULL,
                      "DELETE"))
        return;
    request->response->status = 204;
    request->response->content_type = NULL;
}

static void delete(struct api_request *request)
{
    PGresult *row = NULL;
    struct buf sql;
    int res;

    buf_init(&sql, SQL_MAX);
    buf_add_str(&sql, "SELECT ");
    api_row_sql(&sql, &api_recordings, NULL);
    buf_add_str(&sql, ", CASE WHEN legal_hold THEN true END, CASE WHEN deleted_at IS NOT NULL"
                      " OR delete_asked_at IS NOT NULL THEN true END"
                      " FROM voip.recordings t WHERE id = $1 FOR UPDATE");
    res = api_query(request, sql.data, 1, request->param, &row);
    buf_free(&sql);
    if (!res && check(request, row))
        ask(request, row);
    PQclear(row);
}

static const struct api_route routes[] = {
    {.method = "GET",
     .path = "/domains/{domain}/recordings/{id}/audio",
     .scope = API_RECORDING_READ,
     .name = "get_recording_audio",
     .tag = "Recordings",
     .summary = "Hear a recording, or a range of its bytes",
     .reply_type = "audio/wav",
     .handler = api_recording_audio,
     .id_type = API_UUID},
    {.method = "DELETE",
     .path = "/domains/{domain}/recordings/{id}",
     .scope = API_RECORDING_WRITE,
     .flags = API_DRY_RUN,
     .name = "delete_recording",
     .tag = "Recordings",
     .summary = "Delete a recording that is not held",
     .status = 204,
     .handler = delete,
     .id_type = API_UUID},
};

const struct api_routes api_recording_routes = {routes, DP_COUNT(routes)};
