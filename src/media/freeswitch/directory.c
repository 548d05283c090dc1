#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "mail/queue.h"
#include "media/freeswitch/documents_private.h"

enum { HASH_BYTES = 16 }; /* of an MD5 */

/*
 * `hash`, or, when that is NULL, one that nobody can know. Without any, mod_sofia would let in
 * everybody and mod_voicemail would take the SIP password for the PIN; a fixed one would be known
 * to whoever reads this, and in digest authentication the hash is as good as the password.
 */
static int add_hash(struct xml *xml, const char *name, const char *hash)
{
    char random[HASH_BYTES * 2 + 1];
    int res = 0;

    if (!hash)
        res = crypto_random_hex(random, HASH_BYTES);
    if (!res)
        doc_param(xml, name, hash ? hash : random);
    return res;
}

static bool is_mailed(const struct snapshot_mailbox *mailbox)
{
    return mailbox->email && mail_is_address(mailbox->email);
}

/* Parameters of mod_voicemail: it compares md5(id:domain:PIN) with vm-a1-hash. */
static int add_mailbox(struct xml *xml, const struct snapshot_mailbox *mailbox)
{
    int res = add_hash(xml, "vm-a1-hash", mailbox ? mailbox->pin_ha1 : NULL);

    doc_param(xml, "vm-enabled", mailbox ? "true" : "false");
    /* Seconds of all messages: whatever is there is too much. */
    if (mailbox && mailbox->full)
        doc_param(xml, "vm-disk-quota", "1");
    if (res || !mailbox || !is_mailed(mailbox))
        return res;
    doc_param(xml, "vm-mailto", mailbox->email);
    doc_param(xml, "vm-email-all-messages", "true");
    doc_param(xml, "vm-attach-file", mailbox->mail_audio ? "true" : "false");
    /* Who deletes it is `dialplane mail`, and not before the mail is on the disk. */
    doc_param(xml, "vm-keep-local-after-email", "true");
    return 0;
}

static void add_phone(struct xml *xml, const struct snapshot *snapshot,
                      const struct snapshot_user *user)
{
    char dial[DOC_DIAL_SIZE];

    if (doc_dial_string(snapshot, user->username, 0, dial) == 0)
        doc_param(xml, "dial-string", dial);
    /* A parameter is read and nothing else; a variable would be set on a channel. */
    if (user->display_name && user->display_name[0])
        doc_param(xml, "display-name", user->display_name);
}

/* What conf/freeswitch wants to know of the mailbox. */
static void add_limits(struct xml *xml, const struct snapshot_mailbox *mailbox)
{
    char lengths[32];

    snprintf(lengths, sizeof(lengths), "%d-%d", mailbox->min_message_s, mailbox->max_message_s);
    doc_pair(xml, "variable", "dp_lengths", lengths);
    if (is_mailed(mailbox) && mailbox->delete_mailed)
        doc_pair(xml, "variable", "dp_mail_delete", "yes");
}

static void add_variables(struct xml *xml, const struct snapshot *snapshot,
                          const struct snapshot_mailbox *mailbox)
{
    const char *timezone = snapshot_timezone(snapshot);

    xml_open(xml, "variables");
    /* There is no such context: whoever gets past the edge gets nowhere. */
    doc_pair(xml, "variable", "user_context", "none");
    if (doc_is_made_of(timezone, ALNUM "/_+-"))
        doc_pair(xml, "variable", "timezone", timezone);
    if (mailbox)
        add_limits(xml, mailbox);
    xml_close(xml);
}

/*
 * One user: the phone of that name, the mailbox of that number, or both. The phone's hash belongs
 * to its own name, so a mailbox of another name does not get it from its owner. `alias`: the number
 * by which the user was asked for, or NULL.
 */
static int add_user(struct xml *xml, const struct snapshot *snapshot, const char *id,
                    const char *alias)
{
    const struct snapshot_user *user = snapshot_user(snapshot, id);
    const struct snapshot_mailbox *mailbox = snapshot_mailbox(snapshot, id);
    int res;

    if (!user && !mailbox)
        return -ENOENT;
    xml_open(xml, "user");
    xml_attr(xml, "id", id);
    if (alias)
        xml_attr(xml, "number-alias", alias);
    xml_open(xml, "params");
    res = add_hash(xml, "a1-hash", user ? user->ha1 : NULL);
    if (!res)
        res = add_mailbox(xml, mailbox);
    if (!res && user)
        add_phone(xml, snapshot, user);
    xml_close(xml);
    add_variables(xml, snapshot, mailbox);
    xml_close(xml);
    return res;
}

/* The user that the number rings, where that is not the user's name. */
static int add_aliased(struct xml *xml, const struct snapshot *snapshot, const char *number)
{
    const struct snapshot_extension *extension = snapshot_extension(snapshot, number);

    if (!extension || !extension->username)
        return -ENOENT;
    return add_user(xml, snapshot, extension->username, number);
}

/* Every user of the tenant is in the group "users", and there is no other. */
static int add_group(struct xml *xml, const struct snapshot *snapshot, const char *name)
{
    const struct snapshot_user *users;
    size_t count;
    int res = 0;

    if (strcmp(name, "users") != 0)
        return -ENOENT;
    users = snapshot_users(snapshot, &count);
    xml_open(xml, "groups");
    xml_open(xml, "group");
    xml_attr(xml, "name", name);
    xml_open(xml, "users");
    for (size_t i = 0; i < count && !res; i++)
        res = add_user(xml, snapshot, users[i].username, NULL);
    return res;
}

/* Not somebody who could register or have a mailbox. */
static int add_thing(struct xml *xml, const struct snapshot *snapshot, const char *name)
{
    int res;

    xml_open(xml, "user");
    xml_attr(xml, "id", name);
    xml_open(xml, "params");
    res = add_hash(xml, "a1-hash", NULL);
    if (!res)
        res = add_mailbox(xml, NULL);
    xml_close(xml);
    xml_open(xml, "variables");
    if (!res)
        res = doc_thing(xml, snapshot, name);
    xml_close(xml);
    xml_close(xml);
    return res;
}

static int add_content(struct xml *xml, const struct snapshot *snapshot,
                       const struct fs_request *request)
{
    bool is_message = strcmp(request->purpose, "publish-vm") == 0;

    /* Neither gateways nor addresses that are let in: trunks and phones are the edge's. */
    if (request->purpose[0] && !is_message)
        return 0;
    if (request->group[0])
        return add_group(xml, snapshot, request->group);
    if (!request->user[0])
        return 0;
    if (is_message && strcmp(request->user, "_all_") == 0)
        return add_group(xml, snapshot, "users");
    if (strchr(request->user, '/'))
        return strcmp(request->key, "id") == 0 ? add_thing(xml, snapshot, request->user) : -ENOENT;
    if (is_message || strcmp(request->key, "id") == 0)
        return add_user(xml, snapshot, request->user, NULL);
    if (strcmp(request->key, "number-alias") == 0)
        return add_aliased(xml, snapshot, request->user);
    return -ENOENT;
}

int directory_document(const struct fs_request *request, const struct snapshot *snapshot,
                       struct buf *out)
{
    struct xml xml;
    int res;

    doc_open(&xml, out, "directory");
    xml_open(&xml, "domain");
    xml_attr(&xml, "name", snapshot_domain(snapshot));
    res = add_content(&xml, snapshot, request);
    return res ? res : xml_finish(&xml);
}

/*
 * The fifth parameter and the encoded one have to agree. Who has no encoded one (xml_locate, and
 * mod_sofia for gateways) names neither user nor group, and gets the empty domain.
 */
int directory_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    bool is_bare = !request->domain[0] && !request->user[0] && !request->group[0];
    const char *domain = is_bare ? request->key_value : request->domain;

    if (strcmp(request->tag_name, "domain") != 0 || strcmp(request->key_name, "name") != 0 ||
        strcmp(request->key_value, domain) != 0 || str_copy(out, FS_DOMAIN_SIZE, domain))
        return -ENOENT;
    return 0;
}
