#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 63 }; /* RFC 1035 2.3.4 */

/* Not <ctype.h>: its answers depend on the locale, and it takes no plain char. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int str_copy(char *dst, size_t size, const char *src)
{
    size_t len = strlen(src);

    if (len >= size) {
        if (size)
            dst[0] = '\0';
        return -ENAMETOOLONG;
    }
    memcpy(dst, src, len + 1);
    return 0;
}

int str_printf(char *dst, size_t size, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(dst, size, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < size)
        return 0;
    if (size)
        dst[0] = '\0';
    return -ENAMETOOLONG;
}

/* Length of the label at `text`, or 0 when there is no valid one (RFC 1123 2.1, lower case). */
static size_t label_length(const char *text)
{
    size_t len = 0;

    while (is_lower_or_digit(text[len]) || text[len] == '-')
        len++;
    if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
        return 0;
    return len;
}

bool str_is_label(const char *text)
{
    size_t len = label_length(text);

    return len > 0 && text[len] == '\0';
}

bool str_is_domain(const char *text)
{
    size_t len;

    if (strnlen(text, STR_DOMAIN_MAX + 1) > STR_DOMAIN_MAX)
        return false;
    for (;;) {
        len = label_length(text);
        if (!len)
            return false;
        text += len;
        if (*text == '\0')
            return true;
        if (*text++ != '.')
            return false;
    }
}

bool str_is_extension(const char *text)
{
    size_t len = 0;

    /* strchr would find the NUL too, so the end is looked for first. */
    while (text[len] && (is_alnum(text[len]) || strchr("*#+._-", text[len])))
        if (++len > STR_EXTENSION_MAX)
            return false;
    return len > 0 && text[len] == '\0';
}

bool str_is_uuid(const char *text)
{
    size_t i;

    for (i = 0; i < STR_UUID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return text[i] == '\0';
}

bool str_is_ip(const char *text)
{
    struct in6_addr any;

    return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

bool str_is_loopback(const char *address)
{
    struct in6_addr six;

    return str_starts_with(address, "127.") ||
           (inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six));
}

bool str_is_plain_path(const char *text)
{
    while (is_alnum(*text) || (*text && strchr("._/+@,-", *text)))
        text++;
    return *text == '\0';
}

void str_unescape(char *text)
{
    char *to = text;

    while (*text) {
        if (text[0] == '\\' && text[1])
            text++;
        *to++ = *text++;
    }
    *to = '\0';
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (!*text)
        return -EINVAL;
    for (; *text; text++) {
        if (!is_digit(*text))
            return -EINVAL;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -ERANGE;
    }
    if (value < min || value > max)
        return -ERANGE;
    *out = value;
    return 0;
}
