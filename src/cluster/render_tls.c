/* Kamailio's tls.cfg, whole: its syntax knows no include and no substdef. */
#include "cluster/render.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cluster/certificate.h"

/*
 * Debian's, of the package ca-certificates. As a folder, of which a certificate is read when one is
 * wanted: each process of Kamailio would read the whole list, and its start took half a minute.
 */
#define SYSTEM_CA "/etc/ssl/certs"

struct files {
    const char *certificate, *key, *ca;
};

/* What the deployment names, checked; or a certificate of our own in `made`. */
static int choose_files(const struct render *render, char made[PATH_MAX], struct files *out,
                        struct err *err)
{
    const struct topology *topology = render->topology;
    int res;

    *out = (struct files){made, made, SYSTEM_CA};
    if (*topology->edge.tls_ca)
        out->ca = topology->edge.tls_ca;
    if (access(out->ca, R_OK))
        return err_set(err, -errno,
                       "edge.tls_ca: %s, the certificates that vouch for carriers, cannot be read: "
                       "%s",
                       out->ca, strerror(errno));
    if (*topology->edge.tls_certificate) {
        out->certificate = topology->edge.tls_certificate;
        out->key = topology->edge.tls_key;
        return certificate_check(out->certificate, out->key, err);
    }
    res = str_printf(made, PATH_MAX, "%s/secrets/edge.pem", render->state);
    return res ? err_sys(err, res, "%s", render->state)
               : certificate_make(made, render->node->address, err);
}

/*
 * Phones show no certificate; a carrier has to show one that `ca` vouches for, but for gateways
 * that say otherwise (TLS_PROFILE in outbound.cfg). Ours is shown to carriers too, should they ask.
 */
int render_tls(const struct render *render, struct err *err)
{
    static const char *const profiles[] = {
        "[server:default]\nverify_certificate = no\nrequire_certificate = no\n",
        "[client:default]\nverify_certificate = yes\nrequire_certificate = yes\n",
        /* Chosen by its id only; a name is demanded of a profile for any address. */
        ("[client:any]\nserver_id = unverified\nserver_name = unverified.invalid\n"
         "verify_certificate = no\nrequire_certificate = no\n"),
    };
    char made[PATH_MAX];
    struct files files;
    struct buf text;
    int res;

    res = choose_files(render, made, &files, err);
    if (res)
        return res;
    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "# Written by `dialplane render`.\n");
    for (size_t i = 0; i < DP_COUNT(profiles); i++) {
        buf_printf(&text, "%smethod = TLSv1.2+\nprivate_key = %s\ncertificate = %s\n", profiles[i],
                   files.key, files.certificate);
        if (strstr(profiles[i], "verify_certificate = yes"))
            buf_printf(&text, "%s = %s\n", strcmp(files.ca, SYSTEM_CA) == 0 ? "ca_path" : "ca_list",
                       files.ca);
        buf_add_str(&text, "\n");
    }
    return render_put(render, "kamailio/tls.cfg", 0644, &text, err);
}
