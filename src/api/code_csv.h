/* Rows of one section from CSV, for code_import.c. */
#pragma once

#include "api/code_private.h"

enum { CODE_FIELDS = 64 };

struct code_csv_field {
    const struct api_column *column;
    enum api_type type;
    char name[CODE_NAME_SIZE];
};

/* The column that is called so in files; `type` as a file has it. */
bool code_find_field(const struct api_resource *resource, const char *name,
                     const struct api_column **column, enum api_type *type);
/* A plain text as a number, true or false where the column may be one. The caller's; NULL: no
 * UTF-8. */
json_t *code_plain(const char *text, enum api_type type);
/* Whether saying so is the same as saying nothing. */
bool code_is_default(const struct api_column *column, json_t *value);

/* Adds the rows of one file; code_sort is the caller's. -EINVAL: the file as a whole is none. */
int code_csv(struct code_file *file, const struct code_source *source,
             const struct api_resource *resource, struct err *err) DP_CHECK;
