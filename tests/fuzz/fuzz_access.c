/* Headers that say who asks and from where: what is taken from them has the form that it promises.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "api/origin.h"
#include "api/scope.h"
#include "api/token.h"
#include "base/str.h"
#include "fuzz.h"

static bool is_hex(const char *text, size_t len)
{
    return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static void check_key(const char *text)
{
    struct api_key_text key;

    if (api_key_read(text, &key))
        return;
    FUZZ_CHECK(is_hex(key.public_id, API_KEY_PUBLIC));
    FUZZ_CHECK(is_hex(key.digest + 2, API_DIGEST_SIZE - 3));
    FUZZ_CHECK(strlen(key.key) == API_KEY_SIZE - 1 && strstr(text, key.key));
}

static void check_cookie(const char *text)
{
    char token[API_TOKEN + 1];

    if (api_token_cookie(text, "dialplane", token))
        return;
    FUZZ_CHECK(is_hex(token, API_TOKEN));
    FUZZ_CHECK(strstr(text, token));
}

static void check_origin(const char *text)
{
    const struct api_proxies none = {NULL, 0};
    struct api_origin origin;
    char block[INET6_ADDRSTRLEN];

    api_origin_of(&none, "127.0.0.1", text, text, &origin);
    FUZZ_CHECK(str_is_ip(origin.address));
    api_origin_block(origin.address, block);
    FUZZ_CHECK(str_is_ip(block));
    api_origin_of(&none, "192.0.2.1", text, text, &origin);
    FUZZ_CHECK(strcmp(origin.address, "192.0.2.1") == 0 && !origin.is_tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    uint32_t scopes = 0;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_key(text);
    check_cookie(text);
    check_origin(text);
    if (!api_scopes_read(text, &scopes))
        FUZZ_CHECK(scopes < 1u << API_SCOPES);
    free(text);
    return 0;
}
