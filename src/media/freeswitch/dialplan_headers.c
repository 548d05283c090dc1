/* What the edge says of a call in X-VOIP-Service and X-VOIP-Call. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/dialplan_private.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"

int dialplan_parse_service(const char *text, struct dialplan_service *out)
{
    int end = 0;

    if (sscanf(text, "%15[a-z_];id=%64[0-9A-Za-z];domain=%190[a-z0-9.-]%n", out->kind, out->id,
               out->domain, &end) != 3 ||
        text[end] != '\0')
        return -EINVAL;
    return 0;
}

/* X-VOIP-Call: <uuid>;start=…;from=…;to=…;reached=…;dir=…;ext=…[;leg=0…9][;trunk=…] */
static const struct part {
    const char *before;
    const char *characters; /* NULL: any but ';' */
    size_t min, max;
} parts[] = {
    {"", DIGITS "abcdef-", 36, 36}, {";start=", DIGITS, 1, 12},  {".", DIGITS, 1, 6},
    {";from=", NULL, 0, 128},       {";to=", NULL, 0, 128},      {";reached=", NULL, 0, 128},
    {";dir=", LOWER, 1, 8},         {";ext=", LOWER "_", 1, 32},
};
static const struct part leg = {";leg=", DIGITS, 1, 1}, trunk = {";trunk=", NULL, 0, 400};

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

bool dialplan_parse_call(const char *text, bool *is_leg)
{
    for (size_t i = 0; i < DP_COUNT(parts); i++) {
        if (strcmp(parts[i].before, ";dir=") == 0 && !is_direction(text))
            return false;
        if (!take_part(&text, &parts[i]))
            return false;
    }
    *is_leg = str_starts_with(text, leg.before) && text[strlen(leg.before)] != '0';
    if (str_starts_with(text, leg.before) && !take_part(&text, &leg))
        return false;
    return text[0] == '\0' || (take_part(&text, &trunk) && text[0] == '\0');
}
