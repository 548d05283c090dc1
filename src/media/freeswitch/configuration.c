#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

enum { INTER_DIGIT_MS = 2000 }; /* menus take one digit: never waited for */

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

static bool is_menu(const struct fs_request *request)
{
    return strcmp(request->key_value, "ivr.conf") == 0;
}

int configuration_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    if (!is_menu(request) || str_copy(out, FS_DOMAIN_SIZE, request->menu))
        return -ENOENT;
    out[strcspn(out, "/")] = '\0';
    return 0;
}

int configuration_document(const struct fs_request *request, const struct snapshot *snapshot,
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
