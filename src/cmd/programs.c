#include "cmd/programs.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

#define SBIN             "/usr/local/sbin:/usr/sbin:/sbin"
#define POSTGRES_FOLDERS "/usr/lib/postgresql"

/* Looks through a list such as PATH. */
static bool find_in(const char *list, const char *name, char out[PATH_MAX])
{
    while (*list) {
        size_t len = strcspn(list, ":");

        if (len && str_printf(out, PATH_MAX, "%.*s/%s", (int)len, list, name) == 0 &&
            access(out, X_OK) == 0)
            return true;
        list += len + (list[len] == ':');
    }
    out[0] = '\0';
    return false;
}

static bool find(const char *name, char out[PATH_MAX])
{
    const char *path = getenv("PATH");

    return find_in(path ? path : "", name, out) || find_in(SBIN, name, out);
}

static int find_or_name(const char *name, const char *package, char out[PATH_MAX], struct err *err)
{
    if (find(name, out))
        return 0;
    return err_set(err, -ENOENT, "the program %s was not found: install the package %s", name,
                   package);
}

/* A cluster can be opened only by the major version that made it. */
static int postgres_of_cluster(const char *state, char out[PATH_MAX], struct err *err)
{
    char path[PATH_MAX];
    struct buf version;
    int res;

    buf_init(&version, 16);
    res = str_printf(path, sizeof(path), "%s/db/PG_VERSION", state);
    if (!res)
        res = file_read(path, &version, NULL);
    if (!res) {
        version.data[strcspn(version.data, "\n")] = '\0';
        res = str_printf(out, PATH_MAX, POSTGRES_FOLDERS "/%s/bin/postgres", version.data);
    }
    if (!res && access(out, X_OK))
        res = err_set(err, -ENXIO,
                      "%s/db was made by PostgreSQL %s, which is not installed: install the "
                      "package postgresql-%s, or upgrade the cluster",
                      state, version.data, version.data);
    buf_free(&version);
    return res;
}

static int postgres_newest(char out[PATH_MAX], struct err *err)
{
    unsigned long newest = 0;
    glob_t found = {0};

    out[0] = '\0';
    if (glob(POSTGRES_FOLDERS "/[0-9]*/bin/postgres", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *version = found.gl_pathv[i] + strlen(POSTGRES_FOLDERS "/");
            unsigned long number = strtoul(version, NULL, 10);

            if (number > newest && str_copy(out, PATH_MAX, found.gl_pathv[i]) == 0)
                newest = number;
        }
    }
    globfree(&found);
    if (*out || find("postgres", out))
        return 0;
    return err_set(err, -ENOENT,
                   "PostgreSQL's server was not found: install the package "
                   "postgresql");
}

static int find_postgres(const char *state, char out[PATH_MAX], struct err *err)
{
    int res = postgres_of_cluster(state, out, err);

    return res == -ENOENT ? postgres_newest(out, err) : res;
}

/* "version: kamailio 5.6.3 (x86_64/linux) …" */
static unsigned int major_of_kamailio(const char *program)
{
    char command[PATH_MAX + 32], line[256] = "";
    unsigned int major = 0;
    FILE *output;

    if (!str_is_plain_path(program) ||
        str_printf(command, sizeof(command), "%s -v 2>/dev/null", program))
        return 0;
    output = popen(command, "re");
    if (!output)
        return 0;
    if (!fgets(line, sizeof(line), output) || sscanf(line, "version: kamailio %u.", &major) != 1)
        major = 0;
    pclose(output);
    return major;
}

int programs_freeswitch(const struct topology *topology, char out[PATH_MAX])
{
    if (!*topology->freeswitch) {
        find("freeswitch", out);
        return 0;
    }
    return str_copy(out, PATH_MAX, topology->freeswitch);
}

int programs_find(struct programs *out, const struct topology *topology,
                  const struct topology_node *node, const char *state, struct err *err)
{
    int res = 0;

    *out = (struct programs){0};
    if (node->roles & ROLE_DB)
        res = find_postgres(state, out->postgres, err);
    if (!res && (node->roles & ROLE_QUEUE) && !find("redis-server", out->redis))
        res = find_or_name("valkey-server", "redis-server or valkey-server", out->redis, err);
    if (!res && (node->roles & ROLE_EDGE))
        res = find_or_name("rtpengine", "rtpengine-daemon", out->rtpengine, err);
    if (!res && (node->roles & ROLE_EDGE))
        res = find_or_name("kamailio", "kamailio", out->kamailio, err);
    if (!res && (node->roles & ROLE_EDGE))
        out->kamailio_major = major_of_kamailio(out->kamailio);
    if (!res && (node->roles & ROLE_EDGE) && topology->edge.turn)
        res = find_or_name("turnserver", "coturn", out->turnserver, err);
    if (res || !(node->roles & ROLE_MEDIA) || topology->media_server != MEDIA_SERVER_FREESWITCH)
        return res;
    if (programs_freeswitch(topology, out->freeswitch) || !*out->freeswitch ||
        access(out->freeswitch, X_OK))
        return err_set(err, -ENOENT,
                       "the program freeswitch was not found%s%s: install it, name it with "
                       "`freeswitch:` in the deployment file, or choose media_server: asterisk",
                       *topology->freeswitch ? " at " : " in PATH", topology->freeswitch);
    return 0;
}
