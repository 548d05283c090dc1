#include <errno.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

/* Below sound_prefix, as hold_music of conf/freeswitch: nothing is expanded in music of a
 * conference. */
#define MUSIC "moh/manolo_camp-morning_coffee.gsm"

/* Of every conference, as in conf/asterisk. Sounds are found below sound_prefix. */
static const struct {
    const char *name, *value;
} common[] = {
    {"rate", "8000"},
    {"interval", "20"},
    {"energy-level", "100"},
    {"comfort-noise", "true"},
    {"caller-controls", "member"},
    {"moderator-controls", "moderator"},
    {"ivr-dtmf-timeout", "2000"}, /* ms between the digits of a key */
    {"pin-retries", "3"},
    {"pin-sound", "conf-getpin.wav"},
    {"bad-pin-sound", "conf-invalidpin.wav"},
    {"alone-sound", "conf-onlyperson.wav"},
    {"max-members-sound", "conf-full.wav"},
    {"locked-sound", "conf-locked.wav"},
    {"is-locked-sound", "conf-lockednow.wav"},
    {"is-unlocked-sound", "conf-unlockednow.wav"},
    {"muted-sound", "conf-muted.wav"},
    {"unmuted-sound", "conf-unmuted.wav"},
    {"kicked-sound", "conf-leaderhasleft.wav"},
};

/* Keys, the same as in conf/asterisk/confbridge.conf. The last three are in
 * conf/freeswitch/dialplan.
 */
static const struct {
    const char *digits, *action, *data;
    bool moderator; /* and nobody else */
} keys[] = {
    {"*1", "mute", NULL, false},
    {"*2", "lock", NULL, true},
    {"*3", "execute_application", "execute_extension 'conference-mute XML services'", true},
    {"*5", "execute_application", "execute_extension 'conference-record XML services'", true},
    {"*9", "execute_application", "execute_extension 'conference-end XML services'", true},
};

static void add_optional(struct xml *xml, const char *name, const char *value)
{
    if (value)
        doc_param(xml, name, value);
}

static void add_music(struct xml *xml, const struct snapshot *snapshot)
{
    char file[PROMPTS_FILE_SIZE], sound[DOC_FILE_SIZE];

    if (prompts_music(snapshot, false, file))
        doc_param(xml, "moh-sound", MUSIC);
    else if (str_printf(sound, sizeof(sound), "%s.wav", file) == 0)
        doc_param(xml, "moh-sound", sound);
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
    add_optional(xml, "conference-flags", conference->wait ? "wait-mod" : NULL);
    if (conference->wait)
        add_music(xml, snapshot);
    return 0;
}

static void add_group(struct xml *xml, const char *name, bool moderator)
{
    xml_open(xml, "group");
    xml_attr(xml, "name", name);
    for (size_t i = 0; i < DP_COUNT(keys); i++) {
        if (keys[i].moderator && !moderator)
            continue;
        xml_open(xml, "control");
        xml_attr(xml, "action", keys[i].action);
        xml_attr(xml, "digits", keys[i].digits);
        if (keys[i].data)
            xml_attr(xml, "data", keys[i].data);
        xml_close(xml);
    }
    xml_close(xml);
}

int configuration_controls(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                           const char *name)
{
    (void)name;
    if (!snapshot_conference(snapshot, id))
        return -ENOENT;
    xml_open(xml, "caller-controls");
    add_group(xml, "member", false);
    add_group(xml, "moderator", true);
    return 0;
}
