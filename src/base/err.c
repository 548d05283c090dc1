#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return code;
}

int err_sys(struct err *err, int code, const char *format, ...)
{
    char reason[128];
    va_list args;
    int length;

    if (!err)
        return code;
    va_start(args, format);
    length = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(err->text))
        return code;
    /* GNU strerror_r: thread-safe, and never fails. */
    snprintf(err->text + length, sizeof(err->text) - (size_t)length, ": %s",
             strerror_r(-code, reason, sizeof(reason)));
    return code;
}

void err_prefix(struct err *err, const char *format, ...)
{
    struct err old;
    va_list args;
    int length;

    if (!err)
        return;
    old = *err;
    va_start(args, format);
    length = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(err->text))
        return;
    snprintf(err->text + length, sizeof(err->text) - (size_t)length, ": %s", old.text);
}
