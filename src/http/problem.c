#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "http/server.h"

/* The titles of the status codes that this tree answers, RFC 9110 15. */
static const struct {
    unsigned int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

const char *http_title(unsigned int status)
{
    for (size_t i = 0; i < DP_COUNT(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void http_problem(struct http_response *response, unsigned int status, const char *field,
                  const char *format, ...)
{
    char detail[512];
    va_list args;
    json_auto_t *problem = NULL;
    char *text = NULL;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);

    response->status = status;
    response->content_type = "application/problem+json";
    buf_reset(&response->body);
    problem =
        json_pack("{s:s, s:s, s:i, s:s*, s:s*}", "type", "about:blank", "title", http_title(status),
                  "status", (int)status, "detail", *detail ? detail : NULL, "field", field);
    if (problem)
        text = json_dumps(problem, JSON_COMPACT);
    /* Out of memory, or a detail that is not UTF-8: the status alone still says it. */
    buf_add_str(&response->body, text ? text : "{}");
    buf_add_char(&response->body, '\n');
    free(text);
}
