#include "cdr/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char mark[] = "DIALPLANE=";

void recording_set_path(struct recording *recording)
{
    time_t seconds = (time_t)(recording->started_us / 1000000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    snprintf(recording->path, sizeof(recording->path), "recordings/%04d/%02d/%02d/%s.%s%s",
             (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, recording->id,
             recording->format, recording->key_id ? ".enc" : "");
}

static bool is_ending(const char *text)
{
    static const char *const endings[] = {".wav", ".opus", ".wav.enc", ".opus.enc"};

    for (size_t i = 0; i < DP_COUNT(endings); i++)
        if (strcmp(text, endings[i]) == 0)
            return true;
    return false;
}

bool recording_is_path(const char *path)
{
    static const char form[] = "recordings/dddd/dd/dd/";
    char id[STR_UUID_LENGTH + 1];

    for (const char *at = form; *at; at++, path++)
        if (*at == 'd' && at > form + 10 ? *path < '0' || *path > '9' : *path != *at)
            return false;
    if (strlen(path) <= STR_UUID_LENGTH)
        return false;
    memcpy(id, path, STR_UUID_LENGTH);
    id[STR_UUID_LENGTH] = '\0';
    return str_is_uuid(id) && is_ending(path + STR_UUID_LENGTH);
}

void recording_write(const struct recording *recording, bool whole, struct buf *out)
{
    /* Of no value a character could mean anything in JSON: the parser below says so. */
    buf_printf(out,
               "{\"id\":\"%s\",\"call_id\":\"%s\",\"started_us\":%" PRId64 ",\"domain\":\"%s\","
               "\"node\":\"%s\",\"format\":\"%s\",\"duration_ms\":%" PRId64 ",\"key_id\":%" PRId64,
               recording->id, recording->call_id, recording->started_us, recording->domain,
               recording->node, recording->format, recording->duration_ms, recording->key_id);
    if (whole)
        buf_printf(out, ",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"", recording->bytes,
                   recording->sha256);
    buf_add_char(out, '}');
}

static bool is_digest(const char *text)
{
    return strlen(text) == RECORDING_DIGEST_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == RECORDING_DIGEST_SIZE - 1;
}

static bool is_good(const struct recording *recording, bool whole)
{
    return str_is_uuid(recording->id) && str_is_uuid(recording->call_id) &&
           recording->started_us > 0 && str_is_domain(recording->domain) &&
           str_is_label(recording->node) &&
           (strcmp(recording->format, "wav") == 0 || strcmp(recording->format, "opus") == 0) &&
           recording->duration_ms >= 0 && recording->key_id >= 0 &&
           (!whole || is_digest(recording->sha256));
}

static int take(struct recording *out, const json_t *json, bool whole)
{
    const char *id, *call_id, *domain, *node, *format, *sha256 = "";
    json_int_t started, duration, key, bytes = 0;

    if (json_unpack((json_t *)json, "{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:I}", "id", &id,
                    "call_id", &call_id, "started_us", &started, "domain", &domain, "node", &node,
                    "format", &format, "duration_ms", &duration, "key_id", &key))
        return -EINVAL;
    if (whole && json_unpack((json_t *)json, "{s:I, s:s}", "bytes", &bytes, "sha256", &sha256))
        return -EINVAL;
    *out = (struct recording){
        .started_us = started, .duration_ms = duration, .key_id = key, .bytes = (uint64_t)bytes};
    if (str_copy(out->id, sizeof(out->id), id) ||
        str_copy(out->call_id, sizeof(out->call_id), call_id) ||
        str_copy(out->domain, sizeof(out->domain), domain) ||
        str_copy(out->node, sizeof(out->node), node) ||
        str_copy(out->format, sizeof(out->format), format) ||
        str_copy(out->sha256, sizeof(out->sha256), sha256) || bytes < 0)
        return -EINVAL;
    return is_good(out, whole) ? 0 : -EINVAL;
}

int recording_parse(struct recording *out, const char *json, size_t len, bool whole,
                    struct err *err)
{
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    struct recording found;
    int res = root ? take(&found, root, whole) : -EINVAL;

    json_decref(root);
    if (res)
        return err_set(err, res, "not what is said of a recording");
    recording_set_path(&found);
    *out = found;
    return 0;
}

void recording_write_line(const struct recording *recording, struct buf *out)
{
    buf_add_str(out, mark);
    recording_write(recording, false, out);
}

int recording_find_line(struct recording *out, const char *head, size_t len, struct err *err)
{
    const char *line = memmem(head, len, mark, strlen(mark));
    const char *end;

    if (line)
        line += strlen(mark);
    end = line ? memchr(line, '}', len - (size_t)(line - head)) : NULL;
    if (!end)
        return err_set(err, -ENOENT, "no recording of the platform's");
    return recording_parse(out, line, (size_t)(end + 1 - line), false, err);
}
