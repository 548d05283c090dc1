/* The audio of prompts: WAV in, WAV out. Their names are a resource (api/resources/prompts.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "api/prompt_audio.h"
#include "api/resources/resources.h"

#define ABOUT_AUDIO                                                                                \
    "{\"type\":\"string\",\"contentMediaType\":\"audio/wav\",\"description\":"                     \
    "\"RIFF WAVE, PCM, one channel, 16 bits, 8 or 16 kHz, at most ten minutes at 8 kHz.\"}"

static int digit_of(char hex)
{
    return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

static int from_hex(const char *hex, struct buf *out)
{
    if (buf_reserve(out, strlen(hex) / 2))
        return buf_error(out);
    for (hex += strlen("\\x"); hex[0] && hex[1]; hex += 2)
        buf_add_char(out, (char)(digit_of(hex[0]) << 4 | digit_of(hex[1])));
    return buf_error(out);
}

/* The body's audio, and nothing else that its file may carry. -EINVAL, and the response is a
 * problem. */
static int take_audio(struct api_request *request, struct buf *hex)
{
    const char *type = http_header(request->http, "Content-Type");
    size_t len;
    const char *body = http_body(request->http, &len);
    struct err err = {""};
    int res;

    if (!type || (strcmp(type, "audio/wav") != 0 && strcmp(type, "audio/x-wav") != 0)) {
        api_problem(request, 415, NULL, "The body has to be audio, with Content-Type: audio/wav.");
        return -EINVAL;
    }
    res = prompt_audio_hex(body, len, hex, &err);
    if (res == -EINVAL)
        api_problem(request, 422, NULL, "This audio is not possible: %s.", err.text);
    else if (res)
        api_problem(request, 500, NULL, "There is no memory for this.");
    return res;
}

static void put_location(struct api_request *request, const char *id)
{
    struct buf location;

    buf_init(&location, 1024);
    buf_printf(&location, "%s/%s", http_path(request->http), id);
    http_response_header(request->response, "Location", location.data);
    buf_free(&location);
}

/* The row as it is now, in the answer and in the audit log. */
static void finish(struct api_request *request, const char *id, const struct api_row *before)
{
    struct api_row row = {0};
    int res = api_row_read(request, &api_prompts, "id", id, NULL, API_UNLOCKED, &row);

    if (res == -ENOENT)
        api_not_found(request);
    if (!res)
        res = api_audit_row(request, &api_prompts, id, before ? before->json : NULL, row.json,
                            before ? "PATCH" : "POST");
    if (!res) {
        request->response->status = before || request->dry_run ? 200 : 201;
        buf_printf(&request->response->body, "%s\n", row.json);
        if (!request->dry_run)
            (void)api_etag(request, row.version);
        if (!before && !request->dry_run)
            put_location(request, id);
    }
    api_row_free(&row);
}

static void create(struct api_request *request)
{
    const char *name = http_query(request->http, "name");
    const char *values[] = {name, NULL};
    PGresult *rows = NULL;
    struct buf hex, sql;

    if (!name || !*name) {
        api_problem(request, 422, "name", "name is needed: ?name=welcome.");
        return;
    }
    buf_init(&hex, PROMPT_HEX_MAX);
    buf_init(&sql, 256);
    buf_add_str(&sql, "INSERT INTO voip.prompts (domain_id, name, audio) "
                      "VALUES (voip.current_domain_id(), $1, $2) RETURNING id");
    if (!take_audio(request, &hex)) {
        values[1] = hex.data;
        if (!api_run_write(request, &api_prompts, "", &sql, DP_COUNT(values), values, &rows))
            finish(request, PQgetvalue(rows, 0, 0), NULL);
    }
    PQclear(rows);
    buf_free(&sql);
    buf_free(&hex);
}

static void replace(struct api_request *request)
{
    struct api_row before = {0};
    const char *values[] = {NULL, NULL};
    struct buf hex, sql;

    buf_init(&hex, PROMPT_HEX_MAX);
    buf_init(&sql, 256);
    buf_add_str(&sql, "UPDATE voip.prompts SET audio = $2 WHERE id = $1");
    if (!take_audio(request, &hex) && !api_find_row(request, &api_prompts, &before)) {
        values[0] = before.id;
        values[1] = hex.data;
        if (!api_run_write(request, &api_prompts, "", &sql, DP_COUNT(values), values, NULL))
            finish(request, before.id, &before);
    }
    api_row_free(&before);
    buf_free(&sql);
    buf_free(&hex);
}

static void listen_to(struct api_request *request)
{
    const char *values[] = {request->param[0]};
    PGresult *rows = NULL;

    if (api_query(request, "SELECT audio, sha256 FROM voip.prompts WHERE id = $1", 1, values,
                  &rows))
        return;
    request->response->content_type = "audio/wav";
    if (PQntuples(rows) != 1)
        api_not_found(request);
    else if (!api_etag(request, PQgetvalue(rows, 0, 1)) &&
             from_hex(PQgetvalue(rows, 0, 0), &request->response->body))
        api_problem(request, 500, NULL, "There is no memory for this.");
    PQclear(rows);
}

static const struct api_param name[] = {
    {"name", API_TEXT, "What menus, announcements and queues name custom/<name>.", NULL},
    {NULL},
};

static const struct api_route routes[] = {
    {
        .method = "POST",
        .path = "/domains/{domain}/prompts",
        .scope = API_CONFIG_WRITE,
        .flags = API_RAW_BODY | API_DRY_RUN,
        .name = "create_prompt",
        .tag = "Prompts",
        .summary = "Create a new prompt from its audio",
        .query = name,
        .body_schema = ABOUT_AUDIO,
        .body_type = "audio/wav",
        .reply_schema = "{\"$ref\":\"#/components/schemas/Prompt\"}",
        .status = 201,
        .handler = create,
    },
    {
        .method = "POST",
        .path = "/domains/{domain}/prompts/{id}/audio",
        .scope = API_CONFIG_WRITE,
        .flags = API_RAW_BODY | API_DRY_RUN | API_CONDITIONAL,
        .name = "replace_prompt_audio",
        .tag = "Prompts",
        .summary = "Give a prompt other audio",
        .body_schema = ABOUT_AUDIO,
        .body_type = "audio/wav",
        .reply_schema = "{\"$ref\":\"#/components/schemas/Prompt\"}",
        .handler = replace,
    },
    {
        .method = "GET",
        .path = "/domains/{domain}/prompts/{id}/audio",
        .scope = API_CONFIG_READ,
        .flags = API_CONDITIONAL,
        .name = "get_prompt_audio",
        .tag = "Prompts",
        .summary = "Listen to a prompt",
        .reply_schema = ABOUT_AUDIO,
        .reply_type = "audio/wav",
        .handler = listen_to,
    },
};
const struct api_routes api_prompt_routes = {routes, DP_COUNT(routes)};
