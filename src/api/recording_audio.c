#include "api/recording_audio.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/sound.h"
#include "base/log.h"
#include "cdr/recording.h"
#include "recording/read.h"

enum { NAME_SIZE = 64 };

/* Columns of the row. */
enum { PATH, BYTES, DIGEST, FORMAT, NODE, GONE, SEALED, KEY, OWNER };

static const char find[] =
    "SELECT path, bytes, sha256, format, node,"
    " CASE WHEN deleted_at IS NOT NULL OR delete_asked_at IS NOT NULL"
    " OR (delete_after <= now() AND NOT legal_hold) THEN true END,"
    " CASE WHEN key_id IS NOT NULL THEN true END, encode(k.wrapped, 'hex'), k.owner"
    " FROM voip.recordings r LEFT JOIN LATERAL voip.recording_key(r.id) k ON true WHERE r.id = $1";

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

/* The file's name, without what says that it is sealed. */
static void name_sound(const PGresult *row, char out[NAME_SIZE])
{
    char *end;

    snprintf(out, NAME_SIZE, "%s", strrchr(PQgetvalue(row, 0, PATH), '/') + 1);
    end = strstr(out, ".enc");
    if (!PQgetisnull(row, 0, SEALED) && end)
        *end = '\0';
}

static void send_sound(struct api_request *request, const PGresult *row)
{
    char name[NAME_SIZE];
    struct api_sound sound = {
        .version = PQgetvalue(row, 0, DIGEST),
        .type = strcmp(PQgetvalue(row, 0, FORMAT), "wav") == 0 ? "audio/wav" : "audio/ogg",
        .name = name,
    };
    struct err err;
    int res;

    if (api_etag(request, sound.version))
        return;
    res = open_sound(request, row, &sound.reading, &err);
    if (res) {
        refuse(request, row, res, &err);
        return;
    }
    name_sound(row, name);
    api_sound_reply(request, &sound);
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
