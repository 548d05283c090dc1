#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"
#include "tenant/direct.h"

enum { INTER_DIGIT_MS = 2000 }; /* after a digit that could be the first of a number */

static void add_sound(struct xml *xml, const struct snapshot *snapshot, const char *attribute,
                      const char *prompt)
{
    char file[DOC_FILE_SIZE];

    if (doc_sound(snapshot, prompt, file) == 0)
        xml_attr(xml, attribute, file);
}

/* The number is dialled at the edge, which knows what it is and is told the key: see
 * conf/freeswitch. */
static void add_entry(struct xml *xml, const struct snapshot_entry *entry)
{
    char transfer[128];

    if (!str_is_extension(entry->number) ||
        str_printf(transfer, sizeof(transfer), "transfer key-%s-%s XML services", entry->digit,
                   entry->number))
        return;
    xml_open(xml, "entry");
    xml_attr(xml, "action", "menu-exec-app");
    xml_attr(xml, "digits", entry->digit);
    xml_attr(xml, "param", transfer);
    xml_close(xml);
}

/*
 * Which numbers may be dialled, things.c says when one was: a document with all of them would be
 * long.
 */
static void add_direct(struct xml *xml)
{
    char digits[64];

    snprintf(digits, sizeof(digits), "/^([0-9]{%d,%d})$/", DIRECT_DIGITS_MIN, DIRECT_DIGITS_MAX);
    xml_open(xml, "entry");
    xml_attr(xml, "action", "menu-exec-app");
    xml_attr(xml, "digits", digits);
    xml_attr(xml, "param", "execute_extension direct-$1 XML services");
    xml_close(xml);
}

int configuration_menu(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                       const char *name)
{
    const struct snapshot_menu *menu = snapshot_menu(snapshot, id);
    size_t digits = menu && menu->direct_dial ? direct_longest(snapshot) : 1;

    if (!menu)
        return -ENOENT;
    xml_open(xml, "menus");
    xml_open(xml, "menu");
    xml_attr(xml, "name", name);
    add_sound(xml, snapshot, "greet-long", menu->greeting);
    add_sound(xml, snapshot, "invalid-sound", menu->invalid);
    xml_attr_int(xml, "timeout", menu->timeout_ms);
    xml_attr_int(xml, "inter-digit-timeout", INTER_DIGIT_MS);
    xml_attr_int(xml, "digit-len", digits > 0 ? (int)digits : 1);
    xml_attr_int(xml, "max-failures", menu->tries);
    xml_attr_int(xml, "max-timeouts", menu->tries);
    for (size_t i = 0; i < menu->entry_count; i++)
        add_entry(xml, &menu->entries[i]);
    if (menu->direct_dial)
        add_direct(xml);
    return 0;
}
