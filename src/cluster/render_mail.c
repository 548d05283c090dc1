/*
 * How `dialplane collector` sends the mail of the media servers: etc/mail/msmtprc. Nothing of a
 * caller is in its arguments.
 */
#include "cluster/render.h"

enum { TIMEOUT_S = 30 };

bool render_has_mail(const struct topology *topology)
{
    return *topology->mail.host != '\0';
}

int render_mail(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;

    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "# Written by `dialplane render`.\n");
    if (render_has_mail(topology))
        buf_printf(&text,
                   "account default\nhost %s\nport %u\nfrom %s\ntimeout %d\nauth off\ntls off\n"
                   "logfile %s/log/mail.log\n",
                   topology->mail.host, topology->mail.port, topology->mail.from, TIMEOUT_S,
                   render->state);
    return render_put(render, "mail/msmtprc", 0600, &text, err);
}
