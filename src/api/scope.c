#include "api/scope.h"

#include <errno.h>
#include <string.h>

static const char *const scopes[API_SCOPES] = {
    "config:read",  "config:write", "cdr:read",       "recording:read",  "recording:write",
    "live:read",    "live:write",   "voicemail:read", "voicemail:write", "access:read",
    "access:write", "audit:read",   "webrtc:write",
};

enum {
    SUPERVISES =
        API_CONFIG_READ | API_CDR_READ | API_RECORDING_READ | API_LIVE_READ | API_LIVE_WRITE,
    /* Of what is the agent's own, and of nothing else: see api_caller_may_own. */
    OWN = API_LIVE_READ | API_VOICEMAIL_READ | API_VOICEMAIL_WRITE | API_WEBRTC_WRITE,
};

static const struct {
    const char *name;
    uint32_t scopes;
} roles[] = {
    [API_ROLE_NONE] = {"", 0},
    [API_PLATFORM_ADMIN] = {"platform-admin", (1u << API_SCOPES) - 1},
    [API_TENANT_ADMIN] = {"tenant-admin", (1u << API_SCOPES) - 1},
    [API_SUPERVISOR] = {"supervisor", SUPERVISES},
    [API_AGENT] = {"agent", OWN},
};

const char *api_scope_name(enum api_scope scope)
{
    for (unsigned int i = 0; i < API_SCOPES; i++)
        if (scope == 1u << i)
            return scopes[i];
    return "";
}

uint32_t api_role_scopes(enum api_role role)
{
    return roles[role].scopes;
}

const char *api_role_name(enum api_role role)
{
    return roles[role].name;
}

enum api_role api_role_find(const char *name)
{
    for (enum api_role role = API_PLATFORM_ADMIN; role <= API_AGENT; role++)
        if (strcmp(roles[role].name, name) == 0)
            return role;
    return API_ROLE_NONE;
}

static uint32_t find_scope(const char *name, size_t len)
{
    for (unsigned int i = 0; i < API_SCOPES; i++)
        if (strlen(scopes[i]) == len && memcmp(scopes[i], name, len) == 0)
            return 1u << i;
    return 0;
}

int api_scopes_read(const char *text, uint32_t *out)
{
    uint32_t found = 0;

    while (*(text += strspn(text, "{},"))) {
        size_t len = strcspn(text, ",}");
        uint32_t scope = find_scope(text, len);

        if (!scope)
            return -EINVAL;
        found |= scope;
        text += len;
    }
    *out = found;
    return 0;
}

static bool has(const struct api_caller *caller, enum api_scope scope)
{
    return caller->kind != API_NOBODY && (caller->scopes & scope) == (uint32_t)scope;
}

bool api_caller_may(const struct api_caller *caller, enum api_scope scope)
{
    return has(caller, scope) && (scope == API_SCOPE_NONE || caller->role != API_AGENT);
}

bool api_caller_may_own(const struct api_caller *caller, enum api_scope scope)
{
    return has(caller, scope);
}
