#include "cmd/common.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

enum { OPTIONS_MAX = 32, FIRST_OWN = 256, NODE_FILE_MAX = 128 };

static const struct cmd_option shared[] = {
    {"config", "FILE", "deployment file ($DIALPLANE_CONFIG, STATE/etc/deploy.yaml)", NULL, NULL},
    {"state", "FOLDER", "state folder ($DIALPLANE_STATE, var)", NULL, NULL},
    {"node", "NAME", "which node of the deployment this is", NULL, NULL},
    {"help", NULL, "print this and exit", NULL, NULL},
};

static void print_options(const struct cmd_option *options, size_t count)
{
    char left[64];

    for (size_t i = 0; i < count && options[i].name; i++) {
        snprintf(left, sizeof(left), "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        printf("  %-26s %s\n", left, options[i].help);
    }
}

/* Those that all have; a verb's own meaning of one takes its place. */
static void print_shared(const struct cmd_option *own)
{
    for (size_t i = 0; i < DP_COUNT(shared); i++) {
        const struct cmd_option *at = own;

        while (at && at->name && strcmp(at->name, shared[i].name) != 0)
            at++;
        if (!at || !at->name)
            print_options(&shared[i], 1);
    }
}

static void print_help(const char *verb, const char *summary, const char *what,
                       const struct cmd_option *options)
{
    printf("usage: dialplane %s [OPTION…]%s%s\n\n%s.\n\n", verb, what ? " " : "", what ? what : "",
           summary);
    if (options)
        print_options(options, OPTIONS_MAX);
    print_shared(options);
    printf("  -c, -s and -h are short for --config, --state and --help\n");
}

/* The table of getopt_long(3): what a verb has of its own, then what all have. */
static void make_table(const struct cmd_option *options, struct option table[])
{
    size_t count = 0;

    for (size_t i = 0; options && options[i].name; i++, count++)
        table[count] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].value ? required_argument : no_argument,
            .val = (int)(FIRST_OWN + i),
        };
    table[count++] = (struct option){.name = "config", .has_arg = required_argument, .val = 'c'};
    table[count++] = (struct option){.name = "state", .has_arg = required_argument, .val = 's'};
    table[count++] = (struct option){.name = "node", .has_arg = required_argument, .val = 'n'};
    table[count++] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    table[count] = (struct option){0};
}

static void take_own(const struct cmd_option *option)
{
    if (option->flag)
        *option->flag = true;
    else
        *option->text = optarg;
}

/* Returns false for an option that does not exist; getopt_long has said so. */
static bool take(int found, const struct cmd_option *options, struct cmd_args *args)
{
    if (found >= FIRST_OWN)
        take_own(&options[found - FIRST_OWN]);
    else if (found == 'c')
        args->config = optarg;
    else if (found == 's')
        args->state = optarg;
    else if (found == 'n')
        args->node = optarg;
    else
        return false;
    return true;
}

bool cmd_parse_operands(int argc, char **argv, const char *summary, const char *what,
                        const struct cmd_option *options, struct cmd_args *args, int *first,
                        int *status)
{
    struct option table[OPTIONS_MAX + DP_COUNT(shared) + 1];
    const char *state = getenv("DIALPLANE_STATE");
    int found;

    *args = (struct cmd_args){.state = state && *state ? state : "var"};
    make_table(options, table);
    optind = 1;
    while ((found = getopt_long(argc, argv, "c:s:h", table, NULL)) != -1) {
        if (found == 'h') {
            print_help(argv[0], summary, what, options);
            *status = CMD_OK;
            return false;
        }
        if (!take(found, options, args)) {
            fprintf(stderr, "Try: dialplane %s --help\n", argv[0]);
            *status = CMD_USAGE;
            return false;
        }
    }
    *first = optind;
    return true;
}

bool cmd_parse(int argc, char **argv, const char *summary, const struct cmd_option *options,
               struct cmd_args *args, int *status)
{
    int first;

    if (!cmd_parse_operands(argc, argv, summary, NULL, options, args, &first, status))
        return false;
    if (first == argc)
        return true;
    fprintf(stderr, "dialplane %s: unexpected '%s'\n", argv[0], argv[first]);
    *status = CMD_USAGE;
    return false;
}

static int find_config(struct cmd_node *out, const struct cmd_args *args, struct err *err)
{
    const char *variable = getenv("DIALPLANE_CONFIG");
    int res;

    if (args->config || (variable && *variable)) {
        res = str_copy(out->config, sizeof(out->config), args->config ? args->config : variable);
    } else {
        res = str_printf(out->config, sizeof(out->config), "%s/etc/deploy.yaml", out->state);
        if (!res && access(out->config, F_OK))
            res = str_copy(out->config, sizeof(out->config), "deploy/single.yaml");
    }
    return res ? err_sys(err, res, "name of the deployment file") : 0;
}

const struct topology_node *cmd_pick_node(const struct topology *topology, const char *name,
                                          struct err *err)
{
    const struct topology_node *node;

    if (!name && topology->nodes_count == 1)
        return &topology->nodes[0];
    if (!name) {
        err_set(err, -EINVAL, "the deployment has %u nodes: say which one with --node",
                topology->nodes_count);
        return NULL;
    }
    node = topology_find(topology, name);
    if (!node)
        err_set(err, -EINVAL, "the deployment has no node named '%s'", name);
    return node;
}

/* `render` left the name of the node it rendered for. */
static int find_node(struct cmd_node *out, const struct cmd_args *args, struct err *err)
{
    const char *name = args->node;
    char path[PATH_MAX];
    struct buf rendered;

    buf_init(&rendered, NODE_FILE_MAX);
    if (!name && str_printf(path, sizeof(path), "%s/etc/node", out->state) == 0 &&
        file_read(path, &rendered, NULL) == 0) {
        rendered.data[strcspn(rendered.data, "\n")] = '\0';
        name = rendered.data;
    }
    out->node = cmd_pick_node(out->topology, name, err);
    buf_free(&rendered);
    return out->node ? 0 : -EINVAL;
}

static int load_secrets(struct cmd_node *out, struct err *err)
{
    char path[PATH_MAX];
    int res;

    res = str_printf(path, sizeof(path), "%s/secrets", out->state);
    res = res ? err_sys(err, res, "%s", out->state) : secrets_load(&out->secrets, path, err);
    if (res)
        return res;
    res = str_printf(path, sizeof(path), "%s/secrets/pgpass", out->state);
    if (!res && setenv("PGPASSFILE", path, 1))
        res = -errno;
    return res ? err_sys(err, res, "PGPASSFILE") : 0;
}

int cmd_open(struct cmd_node *out, const struct cmd_args *args, struct err *err)
{
    int res;

    *out = (struct cmd_node){0};
    if (!realpath(args->state, out->state))
        return err_sys(err, -errno, "state folder %s (`dialplane render` makes it)", args->state);
    res = find_config(out, args, err);
    if (!res)
        res = topology_load(&out->topology, out->config, err);
    if (!res)
        res = find_node(out, args, err);
    if (!res)
        res = load_secrets(out, err);
    if (res)
        cmd_close(out);
    return res;
}

void cmd_close(struct cmd_node *node)
{
    topology_free(node->topology);
    secrets_clear(&node->secrets);
    *node = (struct cmd_node){0};
}

int cmd_migrations_folder(const struct cmd_node *node, const char *given, char out[PATH_MAX],
                          struct err *err)
{
    int res;

    if (given) {
        res = str_copy(out, PATH_MAX, given);
    } else {
        res = str_printf(out, PATH_MAX, "%s/share/migrations", node->state);
        if (!res && access(out, F_OK))
            res = str_copy(out, PATH_MAX, "db/migrations");
    }
    return res ? err_sys(err, res, "folder of the migrations") : 0;
}

static atomic_int stopping;
static int stop_fd = -1;

/* Only what signal-safety(7) allows. */
static void on_stop(int signal)
{
    const uint64_t one = 1;
    int saved = errno;
    ssize_t written;

    (void)signal;
    atomic_store(&stopping, 1);
    written = write(stop_fd, &one, sizeof(one));
    (void)written;
    errno = saved;
}

int cmd_stop_fd(void)
{
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd < 0)
        return -errno;
    /* No SA_RESTART: a blocking call returns, and its loop looks at cmd_stopping(). */
    if (sigaction(SIGTERM, &stop, NULL) || sigaction(SIGINT, &stop, NULL) ||
        sigaction(SIGPIPE, &ignore, NULL))
        return -errno;
    return stop_fd;
}

bool cmd_stopping(void)
{
    return atomic_load(&stopping) != 0;
}

int cmd_fail(const char *verb, const struct err *err)
{
    fprintf(stderr, "dialplane %s: %s\n", verb, err->text);
    return CMD_FAILED;
}
