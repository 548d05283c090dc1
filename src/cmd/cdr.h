/* The subcommands of `dialplane cdr`, one file each. A new one: its line here, in the table of
 * cdr.c and in meson.build. argv[0] is what is to be said before an error: "cdr dead". */
#pragma once

int cmd_cdr_check(int argc, char **argv);
int cmd_cdr_show(int argc, char **argv);
int cmd_cdr_dead(int argc, char **argv);
