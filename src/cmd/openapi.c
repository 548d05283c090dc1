/* dialplane openapi: the document of the API, for clients that are made from it. */
#include <errno.h>
#include <stdio.h>

#include "api/server.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

enum { DOCUMENT_MAX = 16 * 1024 * 1024 };

int cmd_openapi(int argc, char **argv)
{
    struct cmd_args args;
    struct err err = {""};
    struct buf text;
    int status, res;

    if (!cmd_parse(argc, argv, "Print the OpenAPI document of the API, for the makers of clients",
                   NULL, &args, &status))
        return status;
    buf_init(&text, DOCUMENT_MAX);
    res = api_document(&text, &err);
    if (!res && (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout)))
        res = err_sys(&err, -errno, "standard output");
    buf_free(&text);
    return res ? cmd_fail("openapi", &err) : CMD_OK;
}
