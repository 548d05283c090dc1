#include "api/totp.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"

enum { SHA1_SIZE = 20, WINDOW = 1 };

int totp_code(const unsigned char secret[TOTP_SECRET], int64_t step, char out[TOTP_CODE])
{
    unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0, at;
    uint32_t number;

    for (int i = 0; i < 8; i++)
        counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), secret, TOTP_SECRET, counter, sizeof(counter), mac, &len) ||
        len != SHA1_SIZE)
        return -EIO;
    /* RFC 4226 5.3 */
    at = mac[SHA1_SIZE - 1] & 15;
    number = (mac[at] & 127u) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 |
             mac[at + 3];
    return str_printf(out, TOTP_CODE, "%06u", number % 1000000);
}

int totp_check(const unsigned char secret[TOTP_SECRET], const char *code, int64_t now_s,
               int64_t last, int64_t *step)
{
    int64_t now = now_s / TOTP_STEP_S;
    char right[TOTP_CODE];

    for (int64_t at = now - WINDOW; at <= now + WINDOW; at++) {
        int res = totp_code(secret, at, right);

        if (res)
            return res;
        if (at > last && crypto_equal(code, right)) {
            *step = at;
            return 0;
        }
    }
    return -EINVAL;
}

void totp_secret_text(const unsigned char secret[TOTP_SECRET], char out[TOTP_SECRET_TEXT])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned int count = 0;

    for (size_t i = 0; i < TOTP_SECRET; i++) {
        bits = bits << 8 | secret[i];
        for (count += 8; count >= 5; count -= 5)
            *out++ = letters[bits >> (count - 5) & 31];
    }
    *out = '\0';
}

void totp_uri(struct buf *out, const unsigned char secret[TOTP_SECRET], const char *account)
{
    char text[TOTP_SECRET_TEXT];

    totp_secret_text(secret, text);
    buf_add_str(out, "otpauth://totp/Dialplane:");
    for (; *account; account++)
        buf_printf(out,
                   strchr("@._-", *account) || (*account >= '0' && *account <= '9') ||
                           (*account >= 'a' && *account <= 'z')
                       ? "%c"
                       : "%%%02X",
                   (unsigned char)*account);
    buf_printf(out, "?secret=%s&issuer=Dialplane&algorithm=SHA1&digits=6&period=%d", text,
               TOTP_STEP_S);
}
