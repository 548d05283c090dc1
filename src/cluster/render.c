#include "cluster/render.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/tree.h"

/* Which daemon's files a node gets. Those with `copied` have a folder in conf/. */
static const struct daemon {
    const char *name;
    unsigned int roles;
    bool copied;
    enum media_server only; /* MEDIA_SERVER_AUTO: with either */
    int (*write)(const struct render *render, struct err *err);
} daemons[] = {
    {"postgresql", ROLE_DB, true, MEDIA_SERVER_AUTO, render_postgresql},
    {"redis", ROLE_QUEUE, true, MEDIA_SERVER_AUTO, render_redis},
    {"rtpengine", ROLE_EDGE, false, MEDIA_SERVER_AUTO, render_rtpengine},
    {"kamailio", ROLE_EDGE, true, MEDIA_SERVER_AUTO, render_kamailio},
    {"coturn", ROLE_EDGE, false, MEDIA_SERVER_AUTO, render_coturn},
    {"freeswitch", ROLE_MEDIA, true, MEDIA_SERVER_FREESWITCH, render_freeswitch},
    {"asterisk", ROLE_MEDIA, true, MEDIA_SERVER_ASTERISK, render_asterisk},
    {"lsyncd", ROLE_MEDIA, true, MEDIA_SERVER_AUTO, render_lsyncd},
    {"mail", ROLE_MEDIA, false, MEDIA_SERVER_AUTO, render_mail},
    {"supervisor", ~0U, false, MEDIA_SERVER_AUTO, render_supervisor},
};

const char *render_host(const char *address, char out[RENDER_HOST_SIZE])
{
    snprintf(out, RENDER_HOST_SIZE, strchr(address, ':') ? "[%s]" : "%s", address);
    return out;
}

int render_prefix(const char *address)
{
    return strchr(address, ':') ? 128 : 32;
}

static int state_path(const struct render *render, const char *name, char out[PATH_MAX],
                      struct err *err)
{
    int res = str_printf(out, PATH_MAX, "%s/%s", render->state, name);

    return res ? err_sys(err, res, "%s/%s", render->state, name) : 0;
}

int render_put(const struct render *render, const char *name, mode_t mode, struct buf *text,
               struct err *err)
{
    char path[PATH_MAX];
    int res;

    res = buf_error(text);
    if (res)
        err_sys(err, res, "etc/%s", name);
    else
        res = str_printf(path, sizeof(path), "%s/etc.next/%s", render->state, name);
    if (!res)
        res = file_write(path, text->data, text->len, mode, err);
    /* Half of these files hold a secret. */
    if (text->cap)
        explicit_bzero(text->data, text->cap);
    buf_free(text);
    return res;
}

int render_recordings(const struct render *render, char out[PATH_MAX], struct err *err)
{
    const char *folder = render->topology->recordings.folder;
    int res = *folder ? str_copy(out, PATH_MAX, folder)
                      : str_printf(out, PATH_MAX, "%s/run/recordings", render->state);

    return res ? err_sys(err, res, "recordings") : 0;
}

int render_folders(const char *state, struct err *err)
{
    static const char *const folders[] = {
        "",
        "bin",
        "lib",
        "log",
        "run",
        "run/recordings",
        "share",
        "store/recordings",
        "tree",
        "cdr",
        "cdr/freeswitch-errors",
        "mail",
        "mail/failed",
        "spool",
        "redis",
        "log/asterisk",
        "media/asterisk/data",
        "media/asterisk/spool",
        "log/freeswitch",
        "media/freeswitch/cache",
        "media/freeswitch/certs",
        "media/freeswitch/db",
        "media/freeswitch/recordings",
        "media/freeswitch/scripts",
        "media/freeswitch/storage",
        "media/freeswitch/tmp",
    };
    char path[PATH_MAX];
    int res = 0;

    for (size_t i = 0; !res && i < DP_COUNT(folders); i++) {
        res = str_printf(path, sizeof(path), "%s%s%s", state, *folders[i] ? "/" : "", folders[i]);
        res = res ? err_sys(err, res, "%s", state) : file_make_dirs(path, 0750, err);
    }
    return res;
}

static int check(const struct render *render, struct err *err)
{
    const char *const paths[] = {
        render->state,
        render->programs.postgres,
        render->programs.redis,
        render->programs.rtpengine,
        render->programs.kamailio,
        render->programs.freeswitch,
        render->programs.turnserver,
        render->kamailio_mpath ? render->kamailio_mpath : "",
    };

    for (size_t i = 0; i < DP_COUNT(paths); i++)
        if (!str_is_plain_path(paths[i]))
            return err_set(err, -EINVAL,
                           "the path '%s' has characters besides A-Z a-z 0-9 . _ / + @ , -: "
                           "choose another folder",
                           paths[i]);
    if (strlen(render->state) > RENDER_STATE_MAX)
        return err_set(err, -EINVAL,
                       "the state folder's path '%s' is longer than %d bytes, so that sockets in "
                       "it would have no valid name: choose another folder",
                       render->state, RENDER_STATE_MAX);
    return 0;
}

static int write_daemon(const struct render *render, const struct daemon *daemon, struct err *err)
{
    char from[PATH_MAX], to[PATH_MAX];
    int res;

    if (str_printf(to, sizeof(to), "%s/etc.next/%s", render->state, daemon->name) ||
        str_printf(from, sizeof(from), "%s/%s", render->conf, daemon->name))
        return err_sys(err, -ENAMETOOLONG, "%s", render->conf);
    res = daemon->copied ? tree_copy(from, to, err) : file_make_dirs(to, 0750, err);
    return res ? res : daemon->write(render, err);
}

static int write_daemons(const struct render *render, struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < DP_COUNT(daemons); i++) {
        const struct daemon *daemon = &daemons[i];

        if (!(render->node->roles & daemon->roles))
            continue;
        if (daemon->only != MEDIA_SERVER_AUTO && daemon->only != render->topology->media_server)
            continue;
        res = write_daemon(render, daemon, err);
    }
    return res;
}

/* What `dialplane VERB -s STATE` starts from: the deployment as rendered, and which node this is.
 */
static int write_own(const struct render *render, struct err *err)
{
    char path[PATH_MAX];
    struct buf name;
    int res;

    res = state_path(render, "etc.next/deploy.yaml", path, err);
    if (!res)
        res = topology_save(render->topology, path, err);
    if (res)
        return res;
    buf_init(&name, RENDER_FILE_MAX);
    buf_printf(&name, "%s\n", render->node->name);
    return render_put(render, "node", 0644, &name, err);
}

/* A ':' or '\' in a field of a passfile is escaped by a backslash: PostgreSQL manual, 34.16. */
static void add_passfile_field(struct buf *text, const char *field)
{
    for (; *field; field++) {
        if (*field == ':' || *field == '\\')
            buf_add_char(text, '\\');
        buf_add_char(text, *field);
    }
    buf_add_char(text, ':');
}

static int write_passfile(const struct render *render, struct err *err)
{
    const struct topology *topology = render->topology;
    struct buf text;
    char path[PATH_MAX];
    int res;

    buf_init(&text, RENDER_FILE_MAX);
    for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
        if (!secret_role(secret))
            continue;
        add_passfile_field(&text, topology_first(topology, ROLE_DB)->inside);
        /* Any database: `migrate` starts in "postgres", before the platform's own exists. */
        buf_printf(&text, "%u:*:%s:%s\n", topology->db.port, secret_role(secret),
                   render->secrets->value[secret]);
    }
    res = buf_error(&text);
    if (!res)
        res = state_path(render, "secrets/pgpass", path, err);
    if (!res)
        res = file_write(path, text.data, text.len, 0600, err);
    if (text.cap)
        explicit_bzero(text.data, text.cap);
    buf_free(&text);
    return res;
}

/* Replaces STATE/<name> by a copy of `from`. */
static int replace_by_copy(const struct render *render, const char *name, const char *from,
                           struct err *err)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    int res;

    res = state_path(render, name, path, err);
    if (!res && str_printf(fresh, sizeof(fresh), "%s.next", path))
        res = err_sys(err, -ENAMETOOLONG, "%s", path);
    if (!res)
        res = tree_remove(fresh, err);
    if (!res)
        res = tree_copy(from, fresh, err);
    return res ? res : tree_replace(path, fresh, err);
}

int render_node(const struct render *render, struct err *err)
{
    char etc[PATH_MAX], fresh[PATH_MAX];
    int res;

    res = check(render, err);
    if (!res)
        res = render_folders(render->state, err);
    if (!res)
        res = state_path(render, "etc", etc, err);
    if (!res)
        res = state_path(render, "etc.next", fresh, err);
    if (!res)
        res = tree_remove(fresh, err);
    if (!res)
        res = file_make_dirs(fresh, 0750, err);
    if (!res)
        res = write_daemons(render, err);
    if (!res)
        res = write_own(render, err);
    if (!res)
        res = write_passfile(render, err);
    if (!res && render->migrations)
        res = replace_by_copy(render, "share/migrations", render->migrations, err);
    return res ? res : tree_replace(etc, fresh, err);
}
