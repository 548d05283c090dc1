#include "api/recording_audio.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/range.h"
#include "base/log.h"
#include "cdr/recording.h"
#include "recording/read.h"

enum { ETAG_SIZE = RECORDING_DIGEST_SIZE + 2 };

/* Columns of the row. */
enum { PATH, BYTES, DIGEST, FORMAT, NODE, GONE, SEALED, KEY, OWNER };

static const char find[] =
    "SELECT path, bytes, sha256, format, node,"
    " CASE WHEN deleted_at IS NOT NULL OR delete_asked_at IS NOT NULL"
    " OR (delete_after <= now() AND NOT legal_hold) THEN true END,"
    " CASE WHEN key_id IS NOT NULL THEN true END, encode(k.wrapped, 'hex'), k.owner"
    " FROM voip.recordings r LEFT JOIN LATERAL voip.recording_key(r.id) k ON true WHERE r.id = $1";

/* What is sent, while it is. */
struct audio {
    struct reading *reading;
    uint64_t at, end;
};

static ssize_t read_audio(void *arg, const struct http_request *request, char *out, size_t size)
{
    struct audio *audio = arg;
    uint64_t left = audio->end - audio->at;
    ssize_t got;

    (void)request;
    got = reading_at(audio->reading, audio->at, out, left < size ? (size_t)left : size);
    if (got > 0)
        audio->at += (uint64_t)got;
    if (got < 0)
        log_error("a recording that is sent: %s", strerror((int)-got));
    return got;
}

static void close_audio(void *arg)
{
    struct audio *audio = arg;

    reading_close(audio->reading);
    free(audio);
}

static int unwrap(const struct api_request *request, const PGresult *row,
                  unsigned char key[SEAL_KEY], struct err *err)
{
    unsigned char platform[SEAL_KEY], wrapped[SEAL_WRAPPED];
    const char *hex = PQgetvalue(row, 0, KEY);
    size_t len = 0;
    int res = seal_platform_key(platform, api_parts(request->api)->recording_secret, err);

    if (!res && (sodium_hex2bin(wrapped, sizeof(wrapped), hex, strlen(hex), NULL, &len, NULL) ||
                 len != sizeof(wrapped)))
        res = err_set(err, -EBADMSG, "the tenant's key is none");
    if (!res)
        res = seal_unwrap(key, wrapped, platform, atoll(PQgetvalue(row, 0, OWNER)), err);
    sodium_memzero(platform, sizeof(platform));
    return res;
}

static int open_sound(const struct api_request *request, const PGresult *row, struct reading **out,
                      struct err *err)
{
    const char *path = PQgetvalue(row, 0, PATH);
    const bool is_sealed = !PQgetisnull(row, 0, SEALED);
    unsigned char key[SEAL_KEY];
    char full[PATH_MAX];
    int res = recording_is_path(path) ? str_printf(full, sizeof(full), "%s/store/%s",
                                                   api_parts(request->api)->state, path)
                                      : -EINVAL;

    if (res)
        return err_sys(err, res, "%s", path);
    if (is_sealed)
        res = unwrap(request, row, key, err);
    if (!res)
        res = reading_open(out, full, is_sealed ? key : NULL,
                           (uint64_t)atoll(PQgetvalue(row, 0, BYTES)), err);
    sodium_memzero(key, sizeof(key));
    return res;
}

/* A file that should be there and is not, or is not what it was, is nothing the client has done. */
static void refuse(struct api_request *request, const PGresult *row, int res, const struct err *err)
{
    const char *here = api_parts(request->api)->node, *there = PQgetvalue(row, 0, NODE);

    if (res == -ENOENT) {
        if (strcmp(here, there) == 0)
            api_problem(request, 404, NULL, "The file is missing in the store of this node, %s.",
                        here);
        else
            api_problem(request, 404, NULL, "The sound is in the store of node %s, and this is %s.",
                        there, here);
        return;
    }
    log_error("recording %s: %s", request->param[0], err->text);
    api_problem(request, 500, NULL,
                "The file is not what was stored: dialplane recording verify tells more.");
}

static void add_headers(struct http_response *response, const PGresult *row)
{
    char name[80];

    snprintf(name, sizeof(name), "inline; filename=\"%s\"",
             strrchr(PQgetvalue(row, 0, PATH), '/') + 1);
    if (!PQgetisnull(row, 0, SEALED))
        strcpy(strstr(name, ".enc"), "\"");
    http_response_header(response, "Content-Disposition", name);
    http_response_header(response, "Accept-Ranges", "bytes");
}

/* Hands the reading over to the answer. */
static int hand_over(struct api_request *request, struct reading *reading,
                     const struct range *range)
{
    struct audio *audio = malloc(sizeof(*audio));

    if (!audio)
        return -ENOMEM;
    *audio = (struct audio){reading, range->first, range->first + range->count};
    request->response->stream =
        (struct http_stream){read_audio, close_audio, audio, (int64_t)range->count};
    return 0;
}

static int answer(struct api_request *request, const PGresult *row, struct reading *reading)
{
    const char *wanted = http_header(request->http, "Range");
    const char *condition = http_header(request->http, "If-Range");
    struct http_response *response = request->response;
    uint64_t size = reading_size(reading);
    char etag[ETAG_SIZE], part[80];
    struct range range;
    enum range_kind kind;

    /* A date, which If-Range may also be, is no entity tag: the file has none that is kept. */
    snprintf(etag, sizeof(etag), "\"%s\"", PQgetvalue(row, 0, DIGEST));
    if (condition && strcmp(condition, etag) != 0)
        wanted = NULL;
    kind = range_parse(wanted, size, &range);
    if (kind == RANGE_NONE) {
        api_problem(request, 416, "Range", "The sound has %" PRIu64 " bytes.", size);
        snprintf(part, sizeof(part), "bytes */%" PRIu64, size);
        http_response_header(response, "Content-Range", part);
        return -ERANGE;
    }
    response->status = kind == RANGE_PART ? 206 : 200;
    response->content_type =
        strcmp(PQgetvalue(row, 0, FORMAT), "wav") == 0 ? "audio/wav" : "audio/ogg";
    add_headers(response, row);
    if (kind == RANGE_PART) {
        snprintf(part, sizeof(part), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first,
                 range.first + range.count - 1, size);
        http_response_header(response, "Content-Range", part);
    }
    return hand_over(request, reading, &range);
}

static void send_sound(struct api_request *request, const PGresult *row)
{
    struct reading *reading;
    struct err err;
    int res;

    if (api_etag(request, PQgetvalue(row, 0, DIGEST)))
        return;
    res = open_sound(request, row, &reading, &err);
    if (res) {
        refuse(request, row, res, &err);
        return;
    }
    res = answer(request, row, reading);
    if (res)
        reading_close(reading);
    if (res == -ENOMEM)
        api_problem(request, 500, NULL, "There is no memory.");
}

void api_recording_audio(struct api_request *request)
{
    PGresult *row = NULL;

    if (api_query(request, find, 1, request->param, &row))
        return;
    if (PQntuples(row) == 0)
        api_not_found(request);
    else if (!PQgetisnull(row, 0, GONE))
        api_problem(request, 410, NULL,
                    "The recording was deleted, or was kept for as long as was said.");
    else
        send_sound(request, row);
    PQclear(row);
}
