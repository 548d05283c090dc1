/* dialplane: one program, one verb per job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/verbs.h"

static const struct cmd_verb verbs[] = {
    {"render", "write the configuration of every daemon into the state folder", cmd_render},
    {"serve", "answer the media servers and keep the edge's memory true", cmd_serve},
    {"collector", "take call records and hand them to Redis", cmd_collector},
    {"cdr-writer", "take call records from Redis and insert them into the database",
     cmd_cdr_writer},
    {"cdr", "show a call's record, look after those that could not be stored", cmd_cdr},
    {"migrate", "create the database or bring its schema up to date", cmd_migrate},
    {"mail", "take mail of a new message from a media server", cmd_mail},
    {"channels", "list the channels of the media nodes, or hang one up", cmd_channels},
    {"doctor", "check every part of this node and say what to do", cmd_doctor},
    {"prompt", "list, add or remove the prompts of a tenant's own", cmd_prompt},
    {"recording", "list, hand out, verify or hold what is recorded", cmd_recording},
    {"webhook", "add, list or test webhooks of tenants, send once more what was given up",
     cmd_webhook},
    {"operator", "add or list those who log in, set a password, disable one", cmd_operator},
    {"key", "add, list or revoke keys of the API", cmd_key},
    {"export", "print a tenant as a file", cmd_export},
    {"apply", "make a tenant as a file says, after showing what changes", cmd_apply},
    {"import", "add users, extensions, queues, numbers from CSV", cmd_import},
    {"schema", "print the JSON Schema of a tenant's file, for editors", cmd_schema},
    {"openapi", "print the OpenAPI document of the API, for the makers of clients", cmd_openapi},
    {"explain", "say what would happen if one called the other", cmd_explain},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: dialplane VERB [OPTION…]\n\n");
    for (size_t i = 0; i < DP_COUNT(verbs); i++)
        fprintf(out, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(out, "\n`dialplane VERB --help` tells the options of a verb.\n"
                 "Exit status: 0 done, 1 failed, 2 wrong usage.\n");
}

int main(int argc, char **argv)
{
    /* A pipe or a log file gets each line when it is printed, as a terminal does. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2) {
        print_usage(stderr);
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return CMD_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("dialplane %s\n", DIALPLANE_VERSION);
        return CMD_OK;
    }
    for (size_t i = 0; i < DP_COUNT(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "dialplane: no verb '%s'\nTry: dialplane --help\n", argv[1]);
    return CMD_USAGE;
}
