/* dialplane cdr: looking after call records. */
#include "cmd/cdr.h"

#include <stdio.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/verbs.h"

static const struct {
    struct cmd_verb verb;
    const char *name; /* with "cdr" before it */
} subcommands[] = {
    {{"check", "compare the calls that the edge saw with their records", cmd_cdr_check},
     "cdr check"},
    {{"dead", "list, show, requeue or drop records that could not be stored", cmd_cdr_dead},
     "cdr dead"},
    {{"show", "print all that is known of a call", cmd_cdr_show}, "cdr show"},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: dialplane cdr SUBCOMMAND [OPTION…]\n\n");
    for (size_t i = 0; i < DP_COUNT(subcommands); i++)
        fprintf(out, "  %-12s %s\n", subcommands[i].verb.name, subcommands[i].verb.summary);
    fprintf(out, "\n`dialplane cdr SUBCOMMAND --help` tells the options of one.\n");
}

int cmd_cdr(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return CMD_OK;
    }
    for (size_t i = 0; i < DP_COUNT(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].verb.name) == 0) {
            argv[1] = (char *)subcommands[i].name;
            return subcommands[i].verb.run(argc - 1, argv + 1);
        }
    fprintf(stderr, "dialplane cdr: no subcommand '%s'\nTry: dialplane cdr --help\n", argv[1]);
    return CMD_USAGE;
}
