/* Nodes of YAML as values, for code_read.c. */
#pragma once

#include <yaml.h>

#include "api/code_private.h"

/* The text of a scalar; NULL when it is none, or has a NUL in it. */
const char *code_text(const yaml_node_t *node);
/* The caller's; NULL when it is no value of a field. */
json_t *code_yaml(yaml_document_t *document, const yaml_node_t *node, enum api_type type);
