/* What `doctor` checks: one function per part of a node. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "cmd/common.h"

enum check_status { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct check_result {
    enum check_status status;
    char detail[512]; /* what was found */
    char advice[512]; /* what to do about it; "" when all is well */
};

struct check {
    const char *name;
    unsigned int roles;     /* of enum role: on nodes with any of them */
    enum media_server only; /* MEDIA_SERVER_AUTO: with either */
    void (*run)(const struct cmd_node *node, struct check_result *out);
};

void check_clock(const struct cmd_node *node, struct check_result *out);
void check_disk(const struct cmd_node *node, struct check_result *out);
void check_postgresql(const struct cmd_node *node, struct check_result *out);
void check_schema(const struct cmd_node *node, struct check_result *out);
void check_records(const struct cmd_node *node, struct check_result *out);
void check_redis(const struct cmd_node *node, struct check_result *out);
void check_cdr_dead(const struct cmd_node *node, struct check_result *out);
void check_cdr_writer(const struct cmd_node *node, struct check_result *out);
void check_rtpengine(const struct cmd_node *node, struct check_result *out);
void check_kamailio(const struct cmd_node *node, struct check_result *out);
void check_sip(const struct cmd_node *node, struct check_result *out);
void check_turn(const struct cmd_node *node, struct check_result *out);
void check_media_pool(const struct cmd_node *node, struct check_result *out);
void check_freeswitch(const struct cmd_node *node, struct check_result *out);
void check_asterisk(const struct cmd_node *node, struct check_result *out);
void check_serve(const struct cmd_node *node, struct check_result *out);
void check_mail(const struct cmd_node *node, struct check_result *out);
void check_collector(const struct cmd_node *node, struct check_result *out);

/* For the checks: sets the status and what was found; the advice stays as it is. */
void check_set(struct check_result *out, enum check_status status, const char *format, ...)
    DP_PRINTF(3, 4);

/* Sets what to do. */
void check_advise(struct check_result *out, const char *format, ...) DP_PRINTF(2, 3);

/* CHECK_FAIL with this error, and the advice to look into the log of this supervised program. */
void check_fail(struct check_result *out, const struct cmd_node *node, const char *program,
                const struct err *err);
