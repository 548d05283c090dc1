#include "media/freeswitch/documents.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "media/xml.h"

enum {
    HASH_BYTES = 16,       /* of an MD5 */
    INTER_DIGIT_MS = 2000, /* menus take one digit: never waited for */
};

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/*
 * FreeSWITCH expands ${…} in what reaches a channel, and ${…} can run programs; addresses of mail
 * become words of a shell's command line. No escaping of ours lasts that long, so such values go
 * out only if every character is harmless.
 */
static bool is_made_of(const char *text, const char *characters)
{
    return text[0] && text[strspn(text, characters)] == '\0';
}

static bool is_mail_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at != text && at == strrchr(text, '@') && at[1] && text[0] != '-' &&
           is_made_of(text, ALNUM "@.+_=-");
}

static void open_document(struct xml *xml, struct buf *out, const char *section)
{
    xml_init(xml, out);
    xml_open(xml, "document");
    xml_attr(xml, "type", "freeswitch/xml");
    xml_open(xml, "section");
    xml_attr(xml, "name", section);
}

static void add_pair(struct xml *xml, const char *element, const char *name, const char *value)
{
    xml_open(xml, element);
    xml_attr(xml, "name", name);
    xml_attr(xml, "value", value);
    xml_close(xml);
}

int fs_document_not_found(struct buf *out)
{
    struct xml xml;

    open_document(&xml, out, "result");
    xml_open(&xml, "result");
    xml_attr(&xml, "status", "not found");
    return xml_finish(&xml);
}

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
        add_pair(xml, "param", name, hash ? hash : random);
    return res;
}

/* Parameters of mod_voicemail: it compares md5(id:domain:PIN) with vm-a1-hash. */
static int add_mailbox(struct xml *xml, const struct snapshot_mailbox *mailbox)
{
    int res = add_hash(xml, "vm-a1-hash", mailbox ? mailbox->pin_ha1 : NULL);

    add_pair(xml, "param", "vm-enabled", mailbox ? "true" : "false");
    if (res || !mailbox || !mailbox->email || !is_mail_address(mailbox->email))
        return res;
    add_pair(xml, "param", "vm-mailto", mailbox->email);
    add_pair(xml, "param", "vm-email-all-messages", "true");
    add_pair(xml, "param", "vm-keep-local-after-email", "true");
    return 0;
}

/*
 * One user: the phone of that name, the mailbox of that number, or both. The phone's hash belongs
 * to its own name, so a mailbox of another name does not get it from its owner.
 */
static int write_user(const struct snapshot *snapshot, const char *id,
                      const struct snapshot_user *user, const struct snapshot_mailbox *mailbox,
                      struct buf *out)
{
    const char *timezone = snapshot_timezone(snapshot);
    struct xml xml;
    int res;

    open_document(&xml, out, "directory");
    xml_open(&xml, "domain");
    xml_attr(&xml, "name", snapshot_domain(snapshot));
    xml_open(&xml, "user");
    xml_attr(&xml, "id", id);
    xml_open(&xml, "params");
    res = add_hash(&xml, "a1-hash", user ? user->ha1 : NULL);
    if (!res)
        res = add_mailbox(&xml, mailbox);
    xml_close(&xml);
    xml_open(&xml, "variables");
    if (is_made_of(timezone, ALNUM "/_+-"))
        add_pair(&xml, "variable", "timezone", timezone);
    xml_close(&xml);
    return res ? res : xml_finish(&xml);
}

/* FreeSWITCH asks twice for a user, by id and by number-alias: ours have one name only. */
static int write_directory(const struct fs_request *request, const struct snapshot *snapshot,
                           struct buf *out)
{
    const struct snapshot_mailbox *mailbox;
    const struct snapshot_user *user;

    if (request->purpose[0] || strcmp(request->key, "id") != 0)
        return -ENOENT;
    user = snapshot_user(snapshot, request->user);
    mailbox = snapshot_mailbox(snapshot, request->user);
    if (!user && !mailbox)
        return -ENOENT;
    return write_user(snapshot, request->user, user, mailbox, out);
}

/* Sounds are found below the channel's sound_prefix (conf/freeswitch); the format is by name. */
static void add_sound(struct xml *xml, const char *attribute, const char *prompt)
{
    char file[160];

    if (prompt && str_printf(file, sizeof(file), "%s.wav", prompt) == 0)
        xml_attr(xml, attribute, file);
}

/* The number is dialled at the edge, which knows what it is: see conf/freeswitch. */
static void add_entry(struct xml *xml, const struct snapshot_entry *entry)
{
    char transfer[128];

    if (!str_is_extension(entry->number) ||
        str_printf(transfer, sizeof(transfer), "transfer to-edge-%s XML services", entry->number))
        return;
    xml_open(xml, "entry");
    xml_attr(xml, "action", "menu-exec-app");
    xml_attr(xml, "digits", entry->digit);
    xml_attr(xml, "param", transfer);
    xml_close(xml);
}

static int write_menu(const char *name, const struct snapshot_menu *menu, struct buf *out)
{
    struct xml xml;

    open_document(&xml, out, "configuration");
    xml_open(&xml, "configuration");
    xml_attr(&xml, "name", "ivr.conf");
    xml_open(&xml, "menus");
    xml_open(&xml, "menu");
    xml_attr(&xml, "name", name);
    add_sound(&xml, "greet-long", menu->greeting);
    add_sound(&xml, "invalid-sound", menu->invalid);
    xml_attr_int(&xml, "timeout", menu->timeout_ms);
    xml_attr_int(&xml, "inter-digit-timeout", INTER_DIGIT_MS);
    xml_attr_int(&xml, "digit-len", 1);
    xml_attr_int(&xml, "max-failures", menu->tries);
    xml_attr_int(&xml, "max-timeouts", menu->tries);
    for (size_t i = 0; i < menu->entry_count; i++)
        add_entry(&xml, &menu->entries[i]);
    return xml_finish(&xml);
}

static int write_configuration(const struct fs_request *request, const struct snapshot *snapshot,
                               struct buf *out)
{
    const char *slash = strchr(request->menu, '/');
    const struct snapshot_menu *menu;
    uint64_t id;

    if (!slash || str_to_u64(slash + 1, 1, INT64_MAX, &id))
        return -ENOENT;
    menu = snapshot_menu(snapshot, (int64_t)id);
    return menu ? write_menu(request->menu, menu, out) : -ENOENT;
}

static bool is_directory(const struct fs_request *request)
{
    return strcmp(request->section, "directory") == 0 && strcmp(request->tag_name, "domain") == 0 &&
           strcmp(request->key_name, "name") == 0 &&
           strcmp(request->key_value, request->domain) == 0;
}

static bool is_menu(const struct fs_request *request)
{
    return strcmp(request->section, "configuration") == 0 &&
           strcmp(request->key_value, "ivr.conf") == 0;
}

int fs_request_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    char domain[FS_DOMAIN_SIZE] = "";

    if (is_directory(request)) {
        if (str_copy(domain, sizeof(domain), request->domain))
            return -ENOENT;
    } else if (is_menu(request)) {
        if (str_copy(domain, sizeof(domain), request->menu))
            return -ENOENT;
        domain[strcspn(domain, "/")] = '\0';
    }
    if (!str_is_domain(domain))
        return -ENOENT;
    memcpy(out, domain, sizeof(domain));
    return 0;
}

int fs_document(const struct fs_request *request, const struct snapshot *snapshot, struct buf *out)
{
    if (is_directory(request))
        return write_directory(request, snapshot, out);
    if (is_menu(request))
        return write_configuration(request, snapshot, out);
    return -ENOENT;
}
