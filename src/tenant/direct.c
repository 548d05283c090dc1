#include "tenant/direct.h"

#include <string.h>

static bool is_direct(const struct snapshot_extension *extension)
{
    static const char *const others[] = {"ivr",        "queue",    "conference",
                                         "ring_group", "schedule", "announcement"};
    size_t length = strlen(extension->number);

    if (length < DIRECT_DIGITS_MIN || length > DIRECT_DIGITS_MAX ||
        strspn(extension->number, "0123456789") != length)
        return false;
    if (strcmp(extension->type, "user") == 0)
        return extension->username;
    if (strcmp(extension->type, "voicemail") == 0)
        return extension->mailbox;
    for (size_t i = 0; i < DP_COUNT(others); i++) {
        if (strcmp(extension->type, others[i]) == 0)
            return true;
    }
    return false;
}

bool direct_is_allowed(const struct snapshot *snapshot, const char *number)
{
    const struct snapshot_extension *extension = snapshot_extension(snapshot, number);

    return extension && is_direct(extension);
}

size_t direct_longest(const struct snapshot *snapshot)
{
    size_t count, longest = 0;
    const struct snapshot_extension *extensions = snapshot_extensions(snapshot, &count);

    for (size_t i = 0; i < count; i++) {
        if (is_direct(&extensions[i]) && strlen(extensions[i].number) > longest)
            longest = strlen(extensions[i].number);
    }
    return longest;
}
