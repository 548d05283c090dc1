/* Answers: problems (RFC 9457) and JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { FAULTS_MAX = 50 };

static void put_json(struct http_response *response, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    buf_reset(&response->body);
    /* Out of memory, or a detail that is not UTF-8: the status alone still says it. */
    buf_add_str(&response->body, text ? text : "{}");
    buf_add_char(&response->body, '\n');
    free(text);
}

/* `field` is the last part of the pointer. */
static void add_pointer(json_t *problem, const char *pointer, const char *detail)
{
    const char *field = strrchr(pointer, '/');

    json_object_set_new(problem, "field", json_string(field ? field + 1 : pointer));
    json_object_set_new(problem, "errors",
                        json_pack("[{s:s, s:s}]", "pointer", pointer, "detail", detail));
}

static void make_problem(struct api_request *request, unsigned int status, const char *pointer,
                         json_t *more, const char *detail)
{
    struct http_response *response = request->response;
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                                http_title(status), "status", (int)status, "detail", detail);

    if (problem && pointer)
        add_pointer(problem, pointer, detail);
    if (problem && more)
        json_object_update(problem, more);
    json_decref(more);
    response->status = status;
    response->content_type = "application/problem+json";
    put_json(response, problem);
    json_decref(problem);
}

/* Cut between characters: what is cut within one is no UTF-8 any more. */
DP_PRINTF(3, 0)
static void format_detail(char *out, size_t size, const char *format, va_list args)
{
    size_t len = size - 1;

    if (vsnprintf(out, size, format, args) < (int)size)
        return;
    while (len && ((unsigned char)out[len - 1] & 0xc0) == 0x80)
        len--;
    if (len && ((unsigned char)out[len - 1] & 0x80))
        len--;
    out[len] = '\0';
}

void api_problem(struct api_request *request, unsigned int status, const char *pointer,
                 const char *format, ...)
{
    char detail[1024];
    va_list args;

    va_start(args, format);
    format_detail(detail, sizeof(detail), format, args);
    va_end(args);
    make_problem(request, status, pointer, NULL, detail);
}

void api_problem_more(struct api_request *request, unsigned int status, const char *pointer,
                      json_t *more, const char *format, ...)
{
    char detail[1024];
    va_list args;

    va_start(args, format);
    format_detail(detail, sizeof(detail), format, args);
    va_end(args);
    make_problem(request, status, pointer, more, detail);
}

static bool is_told(const json_t *faults, const char *pointer)
{
    const json_t *fault;
    size_t i;

    json_array_foreach(faults, i, fault)
    {
        if (strcmp(json_string_value(json_object_get(fault, "pointer")), pointer) == 0)
            return true;
    }
    return false;
}

/* What is wrong in two ways is told once; the sentence of the whole is that of the first. */
static void add_fault(struct api_request *request, const char *pointer, const char *detail)
{
    const json_t *first;

    if (!request->faults)
        request->faults = json_array();
    if (json_array_size(request->faults) == FAULTS_MAX || is_told(request->faults, pointer))
        return;
    json_array_append_new(request->faults,
                          json_pack("{s:s, s:s}", "pointer", pointer, "detail", detail));
    first = json_array_get(request->faults, 0);
    if (first)
        make_problem(request, 422, json_string_value(json_object_get(first, "pointer")),
                     json_pack("{s:O}", "errors", request->faults),
                     json_string_value(json_object_get(first, "detail")));
    else
        make_problem(request, 422, pointer, NULL, detail);
}

int api_fault(struct api_request *request, const char *pointer, const char *format, ...)
{
    char detail[1024];
    va_list args;

    va_start(args, format);
    format_detail(detail, sizeof(detail), format, args);
    va_end(args);
    add_fault(request, pointer, detail);
    return -EINVAL;
}

int api_write_problem(struct api_write *write, unsigned int status, const char *pointer,
                      const char *format, ...)
{
    char detail[1024];
    struct buf where;
    va_list args;

    va_start(args, format);
    format_detail(detail, sizeof(detail), format, args);
    va_end(args);
    buf_init(&where, 1024);
    buf_printf(&where, "%s%s", write->prefix, pointer ? pointer : "");
    write->is_bad = true;
    if (status == 422 && where.len)
        add_fault(write->request, where.data, detail);
    else
        make_problem(write->request, status, where.len ? where.data : NULL, NULL, detail);
    buf_free(&where);
    return -EINVAL;
}

void api_not_found(struct api_request *request)
{
    api_problem(request, 404, NULL, "There is nothing at this path.");
}

void api_unavailable(struct api_request *request, const char *detail)
{
    http_response_header(request->response, "Retry-After", "2");
    api_problem(request, 503, NULL, "Nothing can be said right now: %s. Try again soon.", detail);
}

void api_reply(struct api_request *request, unsigned int status, json_t *value)
{
    request->response->status = status;
    request->response->content_type = "application/json";
    put_json(request->response, value);
    json_decref(value);
}
