/* The rows of explain.h, from the database as the control plane sees it. */
#pragma once

#include <libpq-fe.h>

#include "tenant/explain.h"

/*
 * A source on this connection, which stays the caller's and is used for nothing else meanwhile: all
 * is read from one state of the database, and nothing is changed. Ended with explain_rows_close.
 */
int explain_rows_open(struct explain_source *out, PGconn *conn, struct err *err) DP_CHECK;
void explain_rows_close(struct explain_source *source);
