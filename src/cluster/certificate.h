/* TLS certificates: made when there is none, checked when there is. */
#pragma once

#include "base/compiler.h"
#include "base/err.h"

/*
 * Makes `path`, mode 0600, unless it is there: a new private key (P-256) and a certificate for the
 * numeric IP `address`, signed by itself and valid for ten years. It encrypts; that it is the right
 * one, a phone can know only by having been given it. Errors: of OpenSSL -EIO, of the file.
 */
int certificate_make(const char *path, const char *address, struct err *err) DP_CHECK;

/*
 * Whether the private key in the file `key` is that of the first certificate in the file
 * `certificate` (PEM both). -EINVAL, or what open(2) says, with the file's name.
 */
int certificate_check(const char *certificate, const char *key, struct err *err) DP_CHECK;
