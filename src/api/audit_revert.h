/* Taking back what the audit log says was done. */
#pragma once

#include "api/route.h"

extern const struct api_routes api_audit_routes;

void api_audit_revert(struct api_request *request);
