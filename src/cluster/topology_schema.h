/* The deployment file as libcyaml reads and writes it: names, types and places in struct topology.
 */
#pragma once

#include <cyaml/cyaml.h>

extern const cyaml_schema_value_t topology_schema;
