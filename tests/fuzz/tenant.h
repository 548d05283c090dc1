/* A small tenant, acme.test, for targets that answer from one. */
#pragma once

#include "tenant/snapshot.h"

/* A new reference each time; aborts without memory. */
struct snapshot *fuzz_tenant(void);
