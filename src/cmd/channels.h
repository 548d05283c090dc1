/* What the parts of `dialplane channels` share. */
#pragma once

#include <jansson.h>

/* The text of this name, "" when there is none; it belongs to the row. */
const char *channels_text(const json_t *row, const char *name);

/* The list as a table to standard output, with everything escaped that is no text. */
void channels_print(const json_t *channels);
