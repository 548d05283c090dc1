#include <errno.h>

#include "media/freeswitch/documents_private.h"

/* Of every conference, as in conf/asterisk. Sounds are found below sound_prefix. */
static const struct {
    const char *name, *value;
} common[] = {
    {"rate", "8000"},
    {"interval", "20"},
    {"energy-level", "100"},
    {"comfort-noise", "true"},
    {"caller-controls", "none"},
    {"moderator-controls", "none"},
    {"pin-retries", "3"},
    {"pin-sound", "conf-getpin.wav"},
    {"bad-pin-sound", "conf-invalidpin.wav"},
    {"alone-sound", "conf-onlyperson.wav"},
    {"max-members-sound", "conf-full.wav"},
    {"locked-sound", "conf-locked.wav"},
};

static void add_optional(struct xml *xml, const char *name, const char *value)
{
    if (value)
        doc_param(xml, name, value);
}

/* A profile of its own, whose name is the conference's: that is how the dialplan asks for it. */
int configuration_conference(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                             const char *name)
{
    const struct snapshot_conference *conference = snapshot_conference(snapshot, id);

    if (!conference)
        return -ENOENT;
    xml_open(xml, "profiles");
    xml_open(xml, "profile");
    xml_attr(xml, "name", name);
    doc_param(xml, "domain", snapshot_domain(snapshot));
    for (size_t i = 0; i < DP_COUNT(common); i++)
        doc_param(xml, common[i].name, common[i].value);
    doc_number(xml, "max-members", conference->max_members);
    add_optional(xml, "pin", conference->pin);
    add_optional(xml, "moderator-pin", conference->moderator_pin);
    add_optional(xml, "enter-sound", conference->announce ? "confbridge-join.wav" : NULL);
    add_optional(xml, "exit-sound", conference->announce ? "confbridge-leave.wav" : NULL);
    return 0;
}
