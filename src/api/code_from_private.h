/* What the files of code_from share. */
#pragma once

#include "api/code_from.h"
#include "api/csv_read.h"

struct from_work {
    struct code_file *file;
    const struct code_rows *current;
    struct from_notes *notes;
    const struct code_source *source;
    struct from_line line;
    struct csv_record head, record;
    const char *names[CSV_FIELDS], *cells[CSV_FIELDS];
    bool used[CSV_FIELDS], filled[CSV_FIELDS];
    json_t *to_come; /* names of what the files make */
    bool is_first;   /* only names are looked for */
    struct err *err;
};

/* -------------------------------------------------------------- rows (code_from_rows.c) */

/* What names are kept as; `out` is the caller's in any case. */
int from_key(const struct api_resource *resource, const char *name, struct buf *out) DP_CHECK;
int from_add_row(struct from_work *work, const struct from_row *spec, struct code_row *parent,
                 struct code_row **out) DP_CHECK;
/* All rules of a row; what is wrong is its fault. */
int from_fill(struct from_work *work, const struct from_row *spec, struct code_row *row) DP_CHECK;
/* Notes what a row will be called. */
int from_note_name(struct from_work *work, const struct from_row *spec) DP_CHECK;

/* -------------------------------------------------------------- numbers (code_from_number.c) */

/* A text; -EILSEQ: it is none in UTF-8. The others as from_apply. */
int from_set(json_t *fields, const char *name, const char *text) DP_CHECK;
int from_way(const struct from_line *line, const struct from_rule *rule, const char *text,
             json_t *fields, struct err *why) DP_CHECK;
int from_caller_id(const struct from_rule *rule, const char *text, json_t *fields,
                   struct err *why) DP_CHECK;
int from_e164(const struct from_line *line, const struct from_rule *rule, const char *text,
              json_t *fields, struct err *why) DP_CHECK;
int from_destination_of(const struct from_line *line, const struct from_rule *rule,
                        const char *text, json_t *fields, struct err *why) DP_CHECK;
int from_strategy(const struct from_rule *rule, const char *text, json_t *fields,
                  struct err *why) DP_CHECK;
