/* What the edge says of a call in X-VOIP-Service and X-VOIP-Call. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/dialplan_private.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

int dialplan_parse_service(const char *text, struct dialplan_service *out)
{
    int end = 0;

    if (sscanf(text, "%15[a-z_];id=%64[0-9A-Za-z];domain=%190[a-z0-9.-]%n", out->kind, out->id,
               out->domain, &end) != 3 ||
        text[end] != '\0')
        return -EINVAL;
    return 0;
}

/* X-VOIP-Call: <uuid>;start=…;from=…;to=…;reached=…;dir=…;ext=…, and what not every call has. */
static const struct part {
    const char *before;
    const char *characters; /* NULL: any but ';' */
    size_t min, max;
} parts[] = {
    {"", DIGITS "abcdef-", 36, 36}, {";start=", DIGITS, 1, 12},  {".", DIGITS, 1, 6},
    {";from=", NULL, 0, 128},       {";to=", NULL, 0, 128},      {";reached=", NULL, 0, 128},
    {";dir=", LOWER, 1, 8},         {";ext=", LOWER "_", 1, 32},
};
static const struct part more[] = {
    {";leg=", DIGITS, 1, 1},
    {";eid=", DIGITS, 1, 19},
    {";genesys=", DIGITS LOWER UPPER "-", 1, 64},
    {";path=", DIGITS LOWER UPPER "*#+._:>-", 1, 400},
    {";trunk=", NULL, 0, 400},
};

/* Takes `before` and what follows it off `*text`. */
static bool take_part(const char **text, const struct part *part)
{
    size_t length;

    if (!str_starts_with(*text, part->before))
        return false;
    *text += strlen(part->before);
    length = part->characters ? strspn(*text, part->characters) : strcspn(*text, ";");
    *text += length;
    return length >= part->min && length <= part->max;
}

static bool is_direction(const char *at)
{
    return str_starts_with(at, ";dir=internal;") || str_starts_with(at, ";dir=inbound;") ||
           str_starts_with(at, ";dir=outbound;");
}

bool dialplan_is_call(const char *text)
{
    for (size_t i = 0; i < DP_COUNT(parts); i++) {
        if (strcmp(parts[i].before, ";dir=") == 0 && !is_direction(text))
            return false;
        if (!take_part(&text, &parts[i]))
            return false;
    }
    for (size_t i = 0; i < DP_COUNT(more); i++)
        if (str_starts_with(text, more[i].before) && !take_part(&text, &more[i]))
            return false;
    return text[0] == '\0';
}
