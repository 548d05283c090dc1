/* Call records as one long file, sent while it is read. */
#pragma once

#include "api/route.h"

/* GET …/cdrs/export?format=csv|json, with the filters and the order of the list. */
void api_cdr_export(struct api_request *request);

/* Of the query, for the document. */
extern const struct api_param api_cdr_export_params[];
