/* Mail that waits for its server. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/checks.h"
#include "mail/queue.h"

enum { LATE_MS = 10 * 60 * 1000 };

static void judge(const struct cmd_node *node, const struct mail_state *state,
                  struct check_result *out)
{
    int64_t oldest = state->oldest_ms ? clock_wall_us() / 1000 - state->oldest_ms : 0;

    check_set(out, state->failed || oldest > LATE_MS ? CHECK_WARN : CHECK_OK,
              "%zu mails wait, the first one for %lld min; %zu were given up", state->waiting,
              (long long)oldest / 60000, state->failed);
    if (oldest > LATE_MS)
        check_advise(out, "does %s port %u take mail? %s/log/mail.log has what it said",
                     node->topology->mail.host, node->topology->mail.port, node->state);
    else if (state->failed)
        check_advise(out,
                     "they are in %s/mail/" MAIL_FAILED ": move them to %s/mail to have them "
                     "tried once more, or delete them",
                     node->state, node->state);
}

void check_mail(const struct cmd_node *node, struct check_result *out)
{
    char folder[PATH_MAX];
    struct mail_state state;
    int res = str_printf(folder, sizeof(folder), "%s/mail", node->state);

    if (!*node->topology->mail.host) {
        check_set(out, CHECK_OK, "none is sent");
        return;
    }
    if (!res)
        res = mail_look(folder, &state);
    if (res)
        check_set(out, CHECK_FAIL, "%s: %s", folder, strerror(-res));
    else
        judge(node, &state, out);
}
