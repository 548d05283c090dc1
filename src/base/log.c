#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* A line of PIPE_BUF (4096) bytes at most is written whole, also into a pipe: POSIX write(2). */
enum { LOG_LINE_MAX = 4096, PIECE_SIZE = 8 };

static const char *program = "dialplane";

void log_init(const char *name)
{
    program = name;
}

/* C1 control characters (U+0080 to U+009F) are two bytes in UTF-8; 0x9b is a terminal's CSI. */
static bool is_c1(const unsigned char *at)
{
    return at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;
}

/*
 * Characters that turn the direction of what follows, so that a line reads otherwise than it is:
 * U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069. The last two digits, or 0.
 */
static unsigned int turns_direction(const unsigned char *at)
{
    unsigned int low;

    if (at[0] != 0xe2 || (at[1] != 0x80 && at[1] != 0x81) || (at[2] & 0xc0) != 0x80)
        return 0;
    low = (at[1] & 1U) << 6 | (at[2] & 0x3fU);
    return (low >= 0x0e && low <= 0x0f) || (low >= 0x2a && low <= 0x2e) ||
                   (low >= 0x66 && low <= 0x69)
               ? low
               : 0;
}

/* Bytes of the character at `at`, of one that is escaped; 1 of any other. */
static size_t width_of(const unsigned char *at)
{
    return is_c1(at) ? 2 : turns_direction(at) ? 3 : 1;
}

/* Puts the printable form of the character at `at` into `out`; returns its length. */
static size_t escape_one(const unsigned char *at, char out[PIECE_SIZE])
{
    static const char plain[] = "\n\r\t\\", letter[] = "nrt\\";
    const char *known = strchr(plain, *at);

    if (known)
        return (size_t)snprintf(out, PIECE_SIZE, "\\%c", letter[known - plain]);
    if (*at < 0x20 || *at == 0x7f)
        return (size_t)snprintf(out, PIECE_SIZE, "\\x%02x", *at);
    if (is_c1(at))
        return (size_t)snprintf(out, PIECE_SIZE, "\\x%02x", at[1]);
    if (turns_direction(at))
        return (size_t)snprintf(out, PIECE_SIZE, "\\u20%02x", turns_direction(at));
    out[0] = (char)*at;
    return 1;
}

size_t log_escape(char *out, size_t size, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;

    if (!size)
        return 0;
    while (*at) {
        char piece[PIECE_SIZE];
        size_t len = escape_one(at, piece);

        if (len >= size - used)
            break;
        memcpy(out + used, piece, len);
        used += len;
        at += width_of(at);
    }
    out[used] = '\0';
    return used;
}

/* Standard error may be a full pipe or gone: a log that cannot be written must not stop us. */
static void write_all(const char *data, size_t len)
{
    while (len) {
        ssize_t done = write(STDERR_FILENO, data, len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        data += done;
        len -= (size_t)done;
    }
}

static void DP_PRINTF(2, 0) log_line(const char *level, const char *format, va_list args)
{
    int saved = errno; /* a log line between a failure and its handling changes nothing */
    char text[LOG_LINE_MAX / 2], line[LOG_LINE_MAX], now[CLOCK_UTC_SIZE];
    size_t len;

    vsnprintf(text, sizeof(text), format, args);
    clock_utc(clock_wall_us(), now);
    len = (size_t)snprintf(line, 256, "%s %.64s %s: ", now, program, level);
    len += log_escape(line + len, sizeof(line) - len - 1, text);
    line[len++] = '\n';
    write_all(line, len);
    errno = saved;
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("error", format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("warning", format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("info", format, args);
    va_end(args);
}
