#include "cdr/codec.h"

#include <ctype.h>
#include <string.h>

#include "base/compiler.h"

/* RFC 3551, table 4; and what Asterisk has another word for. */
static const struct {
    const char *said;
    const char *name;
} names[] = {
    {"0", "PCMU"},  {"3", "GSM"},   {"4", "G723"},    {"8", "PCMA"},    {"9", "G722"},
    {"15", "G728"}, {"18", "G729"}, {"ulaw", "PCMU"}, {"alaw", "PCMA"},
};

void codec_name(char *out, size_t size, const char *text)
{
    size_t len, to = 0;

    text += strspn(text, "(");
    len = strcspn(text, "|)");
    for (size_t i = 0; i < DP_COUNT(names); i++) {
        if (strlen(names[i].said) != len || strncmp(names[i].said, text, len) != 0)
            continue;
        text = names[i].name;
        len = strlen(text);
        break;
    }
    for (size_t i = 0; i < len && to + 1 < size; i++)
        if (isalnum((unsigned char)text[i]) || strchr("._-", text[i]))
            out[to++] = (char)toupper((unsigned char)text[i]);
    out[to] = '\0';
    /* A payload type that has no name means something in that call only. */
    if (strspn(out, "0123456789") == to)
        out[0] = '\0';
}
