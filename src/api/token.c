#include "api/token.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/str.h"

#define KEY_PREFIX  "dpk_"
#define CSRF_DOMAIN "dialplane csrf"

static bool are_digits(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

int api_token_make(char out[API_TOKEN + 1])
{
    return crypto_random_hex(out, API_TOKEN / 2);
}

int api_token_digest(const char *token, char out[API_DIGEST_SIZE])
{
    out[0] = '\\';
    out[1] = 'x';
    return crypto_sha256_hex(token, strlen(token), out + 2);
}

int api_token_csrf(const char *token, char out[API_TOKEN + 1])
{
    return crypto_hmac_sha256_hex(token, strlen(token), CSRF_DOMAIN, strlen(CSRF_DOMAIN), out);
}

int api_key_make(struct api_key_text *out)
{
    char secret[API_TOKEN + 1];
    int res = crypto_random_hex(out->public_id, API_KEY_PUBLIC / 2);

    if (!res)
        res = api_token_make(secret);
    if (!res)
        res = api_token_digest(secret, out->digest);
    if (!res)
        res = str_printf(out->key, sizeof(out->key), KEY_PREFIX "%s_%s", out->public_id, secret);
    explicit_bzero(secret, sizeof(secret));
    return res;
}

int api_key_read(const char *authorization, struct api_key_text *out)
{
    const char *key, *secret;

    /* Names of schemes: RFC 9110 11.1. */
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return -EINVAL;
    key = authorization + 7;
    key += strspn(key, " ");
    if (strlen(key) != API_KEY_SIZE - 1 || !str_starts_with(key, KEY_PREFIX))
        return -EINVAL;
    secret = key + strlen(KEY_PREFIX) + API_KEY_PUBLIC + 1;
    if (!are_digits(key + strlen(KEY_PREFIX), API_KEY_PUBLIC) || secret[-1] != '_' ||
        !are_digits(secret, API_TOKEN))
        return -EINVAL;
    memcpy(out->key, key, API_KEY_SIZE);
    memcpy(out->public_id, key + strlen(KEY_PREFIX), API_KEY_PUBLIC);
    out->public_id[API_KEY_PUBLIC] = '\0';
    return api_token_digest(secret, out->digest);
}

int api_token_cookie(const char *header, const char *name, char out[API_TOKEN + 1])
{
    size_t len = strlen(name);

    while (header && *header) {
        const char *value = header + len + 1;

        if (strncmp(header, name, len) == 0 && header[len] == '=' && are_digits(value, API_TOKEN) &&
            (value[API_TOKEN] == '\0' || value[API_TOKEN] == ';')) {
            memcpy(out, value, API_TOKEN);
            out[API_TOKEN] = '\0';
            return 0;
        }
        header += strcspn(header, ";");
        header += strspn(header, "; ");
    }
    return -ENOENT;
}
