/* The media server's event interface: right password, and which version. */
#include <string.h>

#include "base/str.h"
#include "cmd/checks.h"
#include "cmd/probe.h"

/* What stands behind `name` up to the end of the line, or "?". */
static void take_line(const char *text, const char *name, char *out, size_t size)
{
    const char *at = strstr(text, name);

    if (!at) {
        out[0] = '?';
        out[1] = '\0';
        return;
    }
    at += strlen(name);
    if (str_printf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at))
        out[0] = '\0';
}

/* Event socket: FreeSWITCH's mod_event_socket. */
void check_freeswitch(const struct cmd_node *node, struct check_result *out)
{
    char login[SECRET_MAX + 16], version[128];
    struct probe_step steps[] = {
        {NULL, "Content-Type: auth/request\n\n"},
        {login, "\n\n"},
        {"api version\n\n", "FreeSWITCH Version "},
    };
    struct err err = {""};
    struct buf reply;

    buf_init(&reply, PROBE_REPLY_MAX);
    if (str_printf(login, sizeof(login), "auth %s\n\n", node->secrets.value[SECRET_EVENT_PASSWORD]))
        login[0] = '\0';
    if (probe_tcp(node->node->inside, node->topology->media.event_port, steps, DP_COUNT(steps),
                  &reply, &err)) {
        check_fail(out, node, "freeswitch", &err);
    } else {
        take_line(reply.data, "FreeSWITCH Version ", version, sizeof(version));
        check_set(out, CHECK_OK, "version %.*s", (int)strcspn(version, "~ "), version);
    }
    explicit_bzero(login, sizeof(login));
    buf_free(&reply);
}

/* Asterisk manager interface (AMI). */
void check_asterisk(const struct cmd_node *node, struct check_result *out)
{
    char login[SECRET_MAX + 128], version[128];
    struct probe_step steps[] = {
        {NULL, "Asterisk Call Manager/"},
        {login, "Response: Success"},
        {"Action: CoreSettings\r\n\r\n", "AsteriskVersion: "},
    };
    struct err err = {""};
    struct buf reply;

    buf_init(&reply, PROBE_REPLY_MAX);
    if (str_printf(login, sizeof(login),
                   "Action: Login\r\nUsername: dialplane\r\nSecret: %s\r\nEvents: off\r\n\r\n",
                   node->secrets.value[SECRET_EVENT_PASSWORD]))
        login[0] = '\0';
    if (probe_tcp(node->node->inside, node->topology->media.event_port, steps, DP_COUNT(steps),
                  &reply, &err)) {
        check_fail(out, node, "asterisk", &err);
    } else {
        take_line(reply.data, "AsteriskVersion: ", version, sizeof(version));
        check_set(out, CHECK_OK, "version %s", version);
    }
    explicit_bzero(login, sizeof(login));
    buf_free(&reply);
}
