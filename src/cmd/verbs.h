/* The verbs, one file each. A new one: its line here, in the table of main.c and in meson.build. */
#pragma once

int cmd_apply(int argc, char **argv);
int cmd_cdr(int argc, char **argv);
int cmd_cdr_writer(int argc, char **argv);
int cmd_channels(int argc, char **argv);
int cmd_collector(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_mail(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_operator(int argc, char **argv);
int cmd_prompt(int argc, char **argv);
int cmd_recording(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_openapi(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_webhook(int argc, char **argv);
