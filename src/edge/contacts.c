#include "edge/contacts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    AOR_SIZE = STR_EXTENSION_MAX + 1 + STR_DOMAIN_MAX + 1,
    TRANSPORT_SIZE = 8,
    /* Bytes of names in one question: Kamailio reads a request of 4,096 bytes (tcp_rd_buf_size). */
    NAMES_MAX = 2500,
};

struct search {
    struct edge_pool *pool;
    const char *domain;
    json_t *contacts;
    struct err *err;
};

static int no_memory(const struct search *search)
{
    return err_set(search->err, -ENOMEM, "no memory for the contacts");
}

/* The protocol in front of a socket such as "udp:192.0.2.1:5060". */
static void read_transport(const char *socket, char out[TRANSPORT_SIZE])
{
    if (!socket || sscanf(socket, "%7[a-z]:", out) != 1)
        strcpy(out, "");
}

/* "[not set]" is what the module says for nothing. */
static json_t *text_of(const json_t *contact, const char *name)
{
    const char *text = json_string_value(json_object_get(contact, name));

    return text && *text && strcmp(text, "[not set]") != 0 && strcmp(text, "n/a") != 0
               ? json_string(text)
               : json_null();
}

/* A contact as the module tells it. One that has run out is there until its timer comes by. */
static int add_contact(const struct search *search, size_t node, const char *user,
                       const json_t *contact)
{
    const json_t *expires = json_object_get(contact, "Expires");
    char transport[TRANSPORT_SIZE], aor[AOR_SIZE];

    if (!json_is_integer(expires) || str_printf(aor, sizeof(aor), "%s@%s", user, search->domain))
        return 0;
    read_transport(json_string_value(json_object_get(contact, "Socket")), transport);
    return json_array_append_new(
               search->contacts,
               json_pack("{s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:o, s:s}", "aor", aor, "username",
                         user, "contact", text_of(contact, "Address"), "transport", transport,
                         "user_agent", text_of(contact, "User-Agent"), "expires_s",
                         json_integer_value(expires), "path", text_of(contact, "Path"), "received",
                         text_of(contact, "Received"), "edge", edge_pool_name(search->pool, node)))
               ? no_memory(search)
               : 0;
}

static int add_user(const struct search *search, size_t node, const char *user)
{
    json_t *found = NULL, *item;
    char aor[AOR_SIZE];
    int code = 0, res;
    size_t i;

    if (str_printf(aor, sizeof(aor), "%s@%s", user, search->domain))
        return 0;
    res = edge_pool_call(search->pool, node, "ul.lookup", json_pack("[s, s]", "location", aor),
                         &found, &code, search->err);
    if (res)
        return res == -ENOMEM ? res : 0;
    json_array_foreach(json_object_get(found, "Contacts"), i, item)
    {
        if (!res)
            res = add_contact(search, node, user, json_object_get(item, "Contact"));
    }
    json_decref(found);
    return res;
}

/* Names that a question and its answer can have: those of voip.sip_user. */
static bool is_name(const char *user)
{
    return str_is_extension(user);
}

/* The contacts of those of the names, each with a comma behind it, that the node has some of. */
static int add_names(const struct search *search, size_t node, const char *names)
{
    char user[STR_EXTENSION_MAX + 1];
    json_t *found = NULL;
    const char *at;
    int code = 0, res;

    res = edge_pool_call(search->pool, node, "dialplane.registered",
                         json_pack("[s, s]", search->domain, names), &found, &code, search->err);
    if (res)
        return res == -ENOMEM ? res : 0;
    at = json_is_string(found) ? json_string_value(found) : "";
    while (*at && !res) {
        size_t length = strcspn(at, ",");

        if (!str_printf(user, sizeof(user), "%.*s", (int)length, at) && is_name(user))
            res = add_user(search, node, user);
        at += length + (at[length] == ',');
    }
    json_decref(found);
    return res;
}

static int add_some(const struct search *search, const char *names)
{
    int res = 0;

    for (size_t i = 0; i < edge_pool_count(search->pool) && !res; i++)
        res = add_names(search, i, names);
    return res;
}

int edge_contacts_list(struct edge_pool *pool, const char *domain, const char *const users[],
                       size_t count, json_t *contacts, struct err *err)
{
    const struct search search = {pool, domain, contacts, err};
    struct buf names;
    int res = 0;

    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < count && !res; i++) {
        if (!is_name(users[i]))
            continue;
        if (names.len + strlen(users[i]) + 1 > NAMES_MAX) {
            res = add_some(&search, names.data);
            buf_reset(&names);
        }
        buf_printf(&names, "%s,", users[i]);
    }
    if (!res && names.len)
        res = add_some(&search, names.data);
    if (!res && buf_error(&names))
        res = no_memory(&search);
    buf_free(&names);
    return res;
}
