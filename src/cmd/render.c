/* dialplane render: from the deployment file to the configuration of every daemon. */
#include "cluster/render.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cmd/common.h"
#include "cmd/programs.h"
#include "cmd/verbs.h"

struct options {
    const char *host, *media, *conf, *migrations, *kamailio, *mpath;
};

static int choose_media(struct topology *topology, const char *wanted, struct err *err)
{
    char program[PATH_MAX];

    if (wanted && strcmp(wanted, "freeswitch") == 0)
        topology->media_server = MEDIA_SERVER_FREESWITCH;
    else if (wanted && strcmp(wanted, "asterisk") == 0)
        topology->media_server = MEDIA_SERVER_ASTERISK;
    else if (wanted)
        return err_set(err, -EINVAL, "--media is freeswitch or asterisk, not '%s'", wanted);
    if (programs_freeswitch(topology, program))
        return err_set(err, -EINVAL, "path of the program freeswitch is too long");
    /* A FreeSWITCH that the file names is meant, whether it is there or not. */
    if (topology->media_server == MEDIA_SERVER_AUTO)
        topology->media_server = *program ? MEDIA_SERVER_FREESWITCH : MEDIA_SERVER_ASTERISK;
    return 0;
}

static int load(struct topology **topology, const struct cmd_args *args,
                const struct options *options, struct err *err)
{
    const char *variable = getenv("DIALPLANE_CONFIG");
    const char *config = args->config ? args->config : variable;
    int res;

    /* Not STATE/etc/deploy.yaml: that is what this verb made the last time. */
    res = topology_load(topology, config && *config ? config : "deploy/single.yaml", err);
    if (!res && options->host)
        res = topology_set_address(*topology, options->host, err);
    return res ? res : choose_media(*topology, options->media, err);
}

/* The state folder as an absolute path, made if need be. */
static int make_state(const char *name, char out[PATH_MAX], struct err *err)
{
    int res = render_folders(name, err);

    if (!res && !realpath(name, out))
        res = err_sys(err, -errno, "state folder %s", name);
    return res;
}

static int load_secrets(const char *state, struct secrets *secrets, struct err *err)
{
    char folder[PATH_MAX];
    int res;

    res = str_printf(folder, sizeof(folder), "%s/secrets", state);
    res = res ? err_sys(err, res, "%s", state) : secrets_create(folder, err);
    return res ? res : secrets_load(secrets, folder, err);
}

static int render_with(struct topology *topology, const struct cmd_args *args,
                       const struct options *options, struct err *err)
{
    struct programs programs;
    struct secrets secrets;
    char state[PATH_MAX];
    struct render render = {
        .topology = topology,
        .node = cmd_pick_node(topology, args->node, err),
        .secrets = &secrets,
        .state = state,
        .conf = options->conf,
        .migrations = options->migrations,
        .programs = {programs.postgres, programs.redis, programs.rtpengine, programs.kamailio,
                     programs.freeswitch, programs.turnserver},
        .kamailio6 = options->kamailio && strcmp(options->kamailio, "6") == 0,
        .kamailio_mpath = options->mpath,
    };
    int res;

    if (!render.node)
        return -EINVAL;
    res = make_state(args->state, state, err);
    if (!res)
        res = programs_find(&programs, topology, render.node, state, err);
    if (!res)
        res = load_secrets(state, &secrets, err);
    render.tls_threads = programs.kamailio_major >= 6;
    if (!res)
        res = render_node(&render, err);
    if (!res)
        printf("rendered node %s with %s into %s\n", render.node->name,
               media_server_name(topology->media_server), state);
    secrets_clear(&secrets);
    return res;
}

int cmd_render(int argc, char **argv)
{
    struct options chosen = {.conf = "conf"};
    const struct cmd_option options[] = {
        {"host", "ADDRESS", "outer address, instead of the file's", &chosen.host, NULL},
        {"media", "SERVER", "freeswitch or asterisk, instead of the file's", &chosen.media, NULL},
        {"conf", "FOLDER", "the static configurations (conf)", &chosen.conf, NULL},
        {"migrations", "FOLDER", "the migrations (db/migrations, where there is one)",
         &chosen.migrations, NULL},
        {"kamailio", "5|6", "6: Kamailio 6 from STATE/tree/kamailio6", &chosen.kamailio, NULL},
        {"kamailio-mpath", "FOLDER", "where Kamailio's modules are", &chosen.mpath, NULL},
        {0},
    };
    struct topology *topology = NULL;
    struct cmd_args args;
    struct err err = {""};
    int status, res;

    if (!cmd_parse(argc, argv, "Write the configuration of every daemon into the state folder",
                   options, &args, &status))
        return status;
    if (chosen.kamailio && strcmp(chosen.kamailio, "5") != 0 && strcmp(chosen.kamailio, "6") != 0) {
        fprintf(stderr, "dialplane render: --kamailio is 5 or 6\n");
        return CMD_USAGE;
    }
    /* Without a source tree around there are none to copy; `migrate` then wants --dir. */
    if (!chosen.migrations && access("db/migrations", R_OK | X_OK) == 0)
        chosen.migrations = "db/migrations";
    res = load(&topology, &args, &chosen, &err);
    if (!res)
        res = render_with(topology, &args, &chosen, &err);
    topology_free(topology);
    return res ? cmd_fail("render", &err) : CMD_OK;
}
