/* Time-based one-time passwords: RFC 6238 with HMAC-SHA1, 30 seconds and six digits, which is what
 * every authenticator takes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

enum {
    TOTP_SECRET = 20, /* bytes */
    TOTP_SECRET_TEXT = 33,
    TOTP_CODE = 7, /* six digits and the NUL */
    TOTP_STEP_S = 30,
};

/* The code of a time step (seconds since 1970 / TOTP_STEP_S). -EIO when OpenSSL refuses. */
int totp_code(const unsigned char secret[TOTP_SECRET], int64_t step, char out[TOTP_CODE]) DP_CHECK;

/*
 * The step whose code this is: the one of `now_s`, the one before or the one after (clocks differ),
 * and later than `last`, the step of the last code that was taken. -EINVAL when it is none of them.
 */
int totp_check(const unsigned char secret[TOTP_SECRET], const char *code, int64_t now_s,
               int64_t last, int64_t *step) DP_CHECK;

/* Base 32 (RFC 4648) without padding: for those who type it. */
void totp_secret_text(const unsigned char secret[TOTP_SECRET], char out[TOTP_SECRET_TEXT]);

/* otpauth://totp/Dialplane:<account>?secret=… for a QR code. Errors are `out`'s. */
void totp_uri(struct buf *out, const unsigned char secret[TOTP_SECRET], const char *account);
