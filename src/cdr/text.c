#include "cdr/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { REPLACEMENT_LEN = 3, FRACTION_DIGITS = 6, SECONDS_DIGITS = 12 };

static const char replacement[] = "\xef\xbf\xbd";

/* Length of the valid sequence at `s`, 0 when there is none. RFC 3629 4; NUL is not taken. */
static size_t sequence(const unsigned char *s, size_t left)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (s[0] == 0 || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    /* Longer forms than needed, surrogates, and what lies beyond U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* How many bytes from here on are plain ASCII without NUL, in steps of eight: nearly all are. */
static size_t ascii_run(const char *bytes, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t word;
    size_t run = 0;

    for (; run + sizeof(word) <= len; run += sizeof(word)) {
        memcpy(&word, bytes + run, sizeof(word));
        /* A byte's high bit is set, or (by the borrow) a byte is 0. */
        if ((word | (word - ones)) & highs)
            break;
    }
    return run;
}

size_t text_good(const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t i = 0;

    while (i < len) {
        i += ascii_run(bytes + i, len - i);
        /* Past what ended the run, which is among the next eight bytes. */
        for (size_t n = 0; n < sizeof(uint64_t) && i < len; n++) {
            size_t step = sequence(s + i, len - i);

            if (!step)
                return i;
            i += step;
        }
    }
    return i;
}

void text_clean(struct buf *out, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t good = text_good(bytes, len);

        buf_add(out, bytes, good);
        if (good == len)
            return;
        buf_add(out, replacement, REPLACEMENT_LEN);
        bytes += good + 1;
        len -= good + 1;
    }
}

void text_copy(char *out, size_t size, const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t to = 0;

    for (size_t i = 0; i < len;) {
        size_t step = sequence(s + i, len - i);
        size_t need = step ? step : REPLACEMENT_LEN;

        if (to + need >= size)
            break;
        memcpy(out + to, step ? bytes + i : replacement, need);
        to += need;
        i += step ? step : 1;
    }
    out[to] = '\0';
}

int text_to_us(const char *text, int64_t *out)
{
    int64_t seconds = 0, fraction = 0;
    const char *at = text;
    int digits = 0;

    for (; isdigit((unsigned char)*at); at++) {
        if (at - text >= SECONDS_DIGITS)
            return -EINVAL;
        seconds = seconds * 10 + (*at - '0');
    }
    if (at == text || seconds > TEXT_US_MAX / 1000000)
        return -EINVAL;
    if (*at == '.')
        for (at++; isdigit((unsigned char)*at); at++, digits++)
            if (digits < FRACTION_DIGITS)
                fraction = fraction * 10 + (*at - '0');
    if (*at)
        return -EINVAL;
    for (; digits < FRACTION_DIGITS; digits++)
        fraction *= 10;
    *out = seconds * 1000000 + fraction;
    return 0;
}
