/*
 * Credentials for a browser's phone: of SIP, in place of the user's password, and of TURN. Nothing
 * of them is kept here. Each is a name that says until when it is good and for whom, and the HMAC
 * of that name by a secret that the edge has as well (conf/kamailio/registrar.cfg, coturn's
 * use-auth-secret).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/api_private.h"
#include "api/live.h"
#include "base/crypto.h"

enum { TTL_MIN = 60, TTL_DEFAULT = 3600, TTL_MAX = 86400, NAME_SIZE = 512 };

/* A name and its HMAC. */
struct credential {
    char name[NAME_SIZE], password[CRYPTO_HMAC_BASE64];
};

/* What there is to know of the user, and when his credential ends. */
struct holder {
    char username[STR_EXTENSION_MAX + 1], until[24], expires_at[40];
};

static int wrong(struct api_request *request, const char *pointer, const char *why)
{
    api_problem(request, 422, pointer, "%s", why);
    return -EINVAL;
}

/* ttl_s of the body, as text. */
static int read_ttl(struct api_request *request, char out[24])
{
    const json_t *given = json_object_get(request->body, "ttl_s");
    json_int_t seconds = given ? json_integer_value(given) : TTL_DEFAULT;
    char pointer[64];
    const char *name;
    json_t *value;

    json_object_foreach(request->body, name, value) if (strcmp(name, "ttl_s") != 0) return wrong(
        request, str_printf(pointer, sizeof(pointer), "/%s", name) ? "/" : pointer,
        "There is no such field; ttl_s is the only one.");
    if ((given && !json_is_integer(given)) || seconds < TTL_MIN || seconds > TTL_MAX)
        return wrong(request, "/ttl_s", "ttl_s: a number of seconds from 60 to 86400.");
    return str_printf(out, 24, "%" JSON_INTEGER_FORMAT, seconds);
}

static int read_holder(struct api_request *request, const char *ttl, struct holder *out)
{
    const char *const values[] = {request->param[0], ttl};
    PGresult *row = NULL;
    int res =
        api_query(request,
                  "SELECT username, enabled, until, to_json(to_timestamp(until)) #>> '{}'"
                  " FROM (SELECT u.username, u.enabled AND d.enabled AS enabled,"
                  " floor(extract(epoch FROM clock_timestamp()))::bigint + $2::bigint AS until"
                  " FROM voip.users u JOIN voip.domains d ON d.id = u.domain_id"
                  " WHERE u.id = $1) x",
                  DP_COUNT(values), values, &row);

    if (res)
        return res;
    if (PQntuples(row) != 1) {
        api_not_found(request);
        res = -ENOENT;
    } else if (PQgetvalue(row, 0, 1)[0] != 't') {
        api_problem(request, 409, NULL, "This user, or the tenant, is disabled.");
        res = -EACCES;
    } else if (str_copy(out->username, sizeof(out->username), PQgetvalue(row, 0, 0)) ||
               str_copy(out->until, sizeof(out->until), PQgetvalue(row, 0, 2)) ||
               str_copy(out->expires_at, sizeof(out->expires_at), PQgetvalue(row, 0, 3))) {
        api_problem(request, 500, NULL, "This user's name is too long.");
        res = -EINVAL;
    }
    PQclear(row);
    return res;
}

/* `id`: of the user, so that another one of the same name has no use of it; NULL: without. */
static int sign(struct api_request *request, const struct holder *holder, const char *id,
                enum crypto_digest digest, const char *key, struct credential *out)
{
    int res = str_printf(out->name, sizeof(out->name), "%s:%s%s%s@%s", holder->until, id ? id : "",
                         id ? ":" : "", holder->username, request->domain);

    if (!res)
        res = crypto_hmac_base64(digest, key, out->name, out->password);
    if (res)
        api_problem(request, 500, NULL, "The credential cannot be made.");
    return res;
}

/* As RTCPeerConnection takes it: none where no edge node has TURN. */
static json_t *ice_servers(const struct api_parts *parts, const struct credential *turn)
{
    json_t *urls;

    if (!parts->turn_url_count)
        return json_array();
    urls = json_array();
    for (size_t i = 0; i < parts->turn_url_count; i++)
        json_array_append_new(urls, json_string(parts->turn_urls[i]));
    return json_pack("[{s:o, s:s, s:s}]", "urls", urls, "username", turn->name, "credential",
                     turn->password);
}

static void answer(struct api_request *request, const struct holder *holder,
                   const struct credential *sip, const struct credential *turn)
{
    json_t *reply =
        json_pack("{s:s, s:s, s:s+++, s:s, s:s, s:o}", "username", sip->name, "password",
                  sip->password, "uri", "sip:", holder->username, "@", request->domain, "realm",
                  request->domain, "expires_at", holder->expires_at, "ice_servers",
                  ice_servers(api_parts(request->api), turn));

    if (reply)
        api_reply(request, 201, reply);
    else
        live_no_memory(request);
}

static void create(struct api_request *request)
{
    const struct api_parts *parts = api_parts(request->api);
    char own[24] = "", ttl[24];
    struct credential sip, turn;
    struct holder holder;

    if (request->caller.role == API_AGENT &&
        (str_printf(own, sizeof(own), "%" PRId64, request->caller.user_id) ||
         strcmp(own, request->param[0]) != 0)) {
        api_not_found(request);
        return;
    }
    if (read_ttl(request, ttl) || read_holder(request, ttl, &holder))
        return;
    if (!sign(request, &holder, request->param[0], CRYPTO_SHA256, parts->credential_key, &sip) &&
        !sign(request, &holder, NULL, CRYPTO_SHA1, parts->turn_key, &turn) &&
        !live_audit(request, "webrtc-credentials", NULL,
                    json_pack("{s:s, s:s}", "username", sip.name, "expires_at", holder.expires_at)))
        answer(request, &holder, &sip, &turn);
    explicit_bzero(&sip, sizeof(sip));
    explicit_bzero(&turn, sizeof(turn));
}

#define TEXT "{\"type\":\"string\"}"
#define ICE_SERVER                                                                                 \
    "{\"type\":\"object\",\"required\":[\"urls\",\"username\",\"credential\"],\"properties\":{"    \
    "\"urls\":{\"type\":\"array\",\"items\":" TEXT "},\"username\":" TEXT ",\"credential\":" TEXT  \
    "}}"

static const struct api_route routes[] = {
    {
        .method = "POST",
        .path = "/domains/{domain}/users/{user_id}/webrtc-credentials",
        .scope = API_WEBRTC_WRITE,
        .flags = API_OWN,
        .name = "create_webrtc_credential",
        .tag = "WebRTC",
        .summary = "Make a credential by which a phone registers and calls as this user for a "
                   "while, and one for TURN",
        .body_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                       "\"ttl_s\":{\"type\":\"integer\",\"minimum\":60,\"maximum\":86400,"
                       "\"default\":3600,\"description\":\"Seconds for which it is good.\"}}}",
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"username\",\"password\",\"uri\",\"realm\","
            "\"expires_at\",\"ice_servers\"],\"properties\":{\"username\":" TEXT
            ",\"password\":" TEXT ",\"uri\":" TEXT ",\"realm\":" TEXT
            ",\"expires_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
            "\"ice_servers\":{\"type\":\"array\",\"items\":" ICE_SERVER "}}}",
        .status = 201,
        .handler = create,
    },
};

const struct api_routes api_webrtc_routes = {routes, DP_COUNT(routes)};
