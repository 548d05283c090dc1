/*
 * What becomes of the columns of FusionPBX's and FreePBX's exports. What is in no rule and no note
 * is listed once at the end of an import as not taken.
 */
#include "api/code_from.h"
#include "api/resources/resources.h"

/* ============================================================== FusionPBX */

/* Extensions > Export (app/extensions/extension_download.php). Without a destination of its own a
 * call goes to the mailbox, if there is one. */
static const char *const fusionpbx_extensions_needs[] = {"extension", "password", NULL};

static const struct from_row fusionpbx_extensions_rows[] = {
    {"user", &api_users, NULL, NULL},
    {"number", &api_extensions, NULL, NULL},
    {"alias", &api_extensions, "number_alias=*", NULL},
    {0},
};

#define VOICEMAIL_OF_IT "*99{extension}"

static const struct from_rule fusionpbx_extensions_rules[] = {
    {"user", "username", "{extension}", FROM_TEXT, NULL},
    {"user", "password", "{password}", FROM_TEXT, NULL},
    {"user", "display_name", "{effective_caller_id_name}", FROM_TEXT, NULL},
    {"user", "display_name", "{directory_first_name} {directory_last_name}", FROM_TEXT, NULL},
    {"user", "display_name", "{description}", FROM_TEXT, NULL},
    {"user", "enabled", "{enabled}", FROM_ON, NULL},
    {"user", "do_not_disturb", "{do_not_disturb}", FROM_ON, NULL},
    {"user", "max_calls", "{limit_max}", FROM_NUMBER, NULL},
    {"user", "outside_caller_id", "{outbound_caller_id_number}", FROM_CALLER_ID, NULL},
    {"user", "pickup_group", "{call_group}", FROM_TEXT, NULL},
    {"number", "number", "{extension}", FROM_TEXT, NULL},
    {"number", "type", "user", FROM_TEXT, NULL},
    {"number", "user", "{extension}", FROM_TEXT, NULL},
    {"number", "ring_timeout_s", "{call_timeout}", FROM_NUMBER, NULL},
    {"number", "always", "{forward_all_destination}", FROM_WAY, "forward_all_enabled"},
    {"number", "busy", "{forward_busy_destination}", FROM_WAY, "forward_busy_enabled"},
    {"number", "busy", VOICEMAIL_OF_IT, FROM_WAY_IF, NULL},
    {"number", "no_answer", "{forward_no_answer_destination}", FROM_WAY,
     "forward_no_answer_enabled"},
    {"number", "no_answer", VOICEMAIL_OF_IT, FROM_WAY_IF, NULL},
    {"number", "unreachable", "{forward_user_not_registered_destination}", FROM_WAY,
     "forward_user_not_registered_enabled"},
    {"number", "unreachable", VOICEMAIL_OF_IT, FROM_WAY_IF, NULL},
    {"alias", "number", "{number_alias}", FROM_TEXT, NULL},
    {"alias", "type", "user", FROM_TEXT, NULL},
    {"alias", "user", "{extension}", FROM_TEXT, NULL},
    {"alias", "ring_timeout_s", "{call_timeout}", FROM_NUMBER, NULL},
    {0},
};

static const struct from_note fusionpbx_extensions_notes[] = {
    {"follow_me_uuid=*", "follow_me_uuid: he may have follow-me, which is in no export: make it as "
                         "always_to a ring group"},
    {"user_record=all|local|inbound|outbound",
     "user_record: that his calls are recorded is not taken: make a recording policy"},
    {"call_screen_enabled", "call_screen_enabled: callers are not asked for their names here"},
    {"sip_bypass_media=bypass-media|bypass-media-after-bridge",
     "sip_bypass_media: audio does not go around the platform here"},
    {0},
};

/* Voicemail > Export (app/voicemails/voicemail_export.php). A mailbox is dialled as *99 and its
 * number there. */
static const char *const fusionpbx_voicemails_needs[] = {"voicemail_id", "voicemail_password",
                                                         NULL};

static const struct from_row fusionpbx_voicemails_rows[] = {
    {"box", &api_voicemail_boxes, NULL, "!voicemail_enabled"},
    {"number", &api_extensions, NULL, "!voicemail_enabled"},
    {0},
};

static const struct from_rule fusionpbx_voicemails_rules[] = {
    {"box", "mailbox", "{voicemail_id}", FROM_TEXT, NULL},
    {"box", "user", "{voicemail_id}", FROM_IF_THERE, NULL},
    {"box", "pin", "{voicemail_password}", FROM_TEXT, NULL},
    {"box", "email", "{voicemail_mail_to}", FROM_TEXT, NULL},
    {"box", "mail_audio", "false", FROM_ON, "voicemail_file=link"},
    {"box", "mail_audio", "{voicemail_attach_file}", FROM_ON, "voicemail_attach_file=*"},
    {"box", "delete_mailed", "{voicemail_local_after_email}", FROM_NOT, "voicemail_mail_to=*"},
    {"number", "number", "*99{voicemail_id}", FROM_TEXT, NULL},
    {"number", "type", "voicemail", FROM_TEXT, NULL},
    {"number", "voicemail_box", "{voicemail_id}", FROM_TEXT, NULL},
    {0},
};

static const struct from_note fusionpbx_voicemails_notes[] = {
    {"!voicemail_enabled", "voicemail_enabled: it is switched off there, and was not taken"},
    {"greeting_id=*", "greeting_id: greetings are in no export: record it again"},
    {"voicemail_sms_to=*", "voicemail_sms_to: there are no SMS here"},
    {0},
};

/* Destinations > Export (app/destinations/destination_download.php). What is dialled there is a
 * number of the tenant's, whatever it is of. */
static const char *const fusionpbx_destinations_needs[] = {"destination_number", "destination_data",
                                                           NULL};

static const struct from_row fusionpbx_destinations_rows[] = {
    {"number", &api_inbound_numbers, NULL, "destination_type=outbound|local !destination_enabled"},
    {0},
};

static const struct from_rule fusionpbx_destinations_rules[] = {
    {"number", "number", "+{destination_prefix}{destination_area_code}{destination_number}",
     FROM_E164, NULL},
    {"number", "number", "+{destination_prefix}{destination_number}", FROM_E164, NULL},
    {"number", "number", "{destination_number}", FROM_E164, NULL},
    {"number", "extension", "{destination_app}:{destination_data}", FROM_DESTINATION, NULL},
    {0},
};

static const struct from_note fusionpbx_destinations_notes[] = {
    {"destination_type=outbound|local",
     "destination_type: it is no number that comes in, and was not taken"},
    {"!destination_enabled", "destination_enabled: it is switched off there, and was not taken"},
    {"destination_alternate_app=*",
     "destination_alternate_app: where it leads otherwise is not taken"},
    {"destination_conditions=*", "destination_conditions: on what it depends is not taken"},
    {"destination_cid_name_prefix=*",
     "destination_cid_name_prefix: callers' names are not changed here"},
    {"destination_record=true|1|t",
     "destination_record: that its calls are recorded is not taken: make a recording policy"},
    {0},
};

static const struct from_destination fusionpbx_destinations[] = {
    {"transfer:% XML *", "%", NULL},
    {"lua:*", NULL, "a program"},
    {"*", NULL, "something else"},
    {0},
};

/* ============================================================== FreePBX */

/* Admin > Bulk Handler > Extensions: columns of the modules core, voicemail, findmefollow and
 * callwaiting. A mailbox is dialled as * and its number there. Follow-me is a ring group with him
 * in it, to which his number always leads. */
static const char *const freepbx_extensions_needs[] = {"extension", "name", NULL};

static const struct from_row freepbx_extensions_rows[] = {
    {"user", &api_users, NULL, NULL},
    {"box", &api_voicemail_boxes, "voicemail_enable", NULL},
    {"mailbox", &api_extensions, "voicemail_enable", NULL},
    {"group", &api_ring_groups, "findmefollow_enabled", NULL},
    {"himself", &api_ring_group_members, NULL, NULL},
    {"member", &api_ring_group_members, NULL, NULL},
    {"follow", &api_extensions, "findmefollow_enabled", NULL},
    {"number", &api_extensions, NULL, NULL},
    {0},
};

#define FOLLOW "followme-{extension}"

static const struct from_rule freepbx_extensions_rules[] = {
    {"user", "username", "{extension}", FROM_TEXT, NULL},
    {"user", "password", "{secret}", FROM_TEXT, NULL},
    {"user", "password", "{devinfo_secret}", FROM_TEXT, NULL},
    {"user", "display_name", "{name}", FROM_TEXT, NULL},
    {"user", "outside_caller_id", "{outboundcid}", FROM_CALLER_ID, NULL},
    {"user", "max_calls", "{concurrency_limit}", FROM_NUMBER, NULL},
    {"user", "call_waiting", "{callwaiting_enable}", FROM_ON, NULL},
    {"user", "pickup_group", "{namedpickupgroup}", FROM_TEXT, NULL},
    {"box", "mailbox", "{extension}", FROM_TEXT, NULL},
    {"box", "user", "{extension}", FROM_TEXT, NULL},
    {"box", "pin", "{voicemail_vmpwd}", FROM_TEXT, NULL},
    {"box", "email", "{voicemail_email}", FROM_TEXT, NULL},
    {"box", "mail_audio", "{voicemail_options|attach}", FROM_ON, "voicemail_options=*"},
    {"box", "delete_mailed", "{voicemail_options|delete}", FROM_ON, "voicemail_options=*"},
    {"mailbox", "number", "*{extension}", FROM_TEXT, NULL},
    {"mailbox", "type", "voicemail", FROM_TEXT, NULL},
    {"mailbox", "voicemail_box", "{extension}", FROM_TEXT, NULL},
    {"group", "name", "Follow me {extension}", FROM_TEXT, NULL},
    {"group", "strategy", "{findmefollow_strategy}", FROM_STRATEGY, NULL},
    {"group", "confirm", "{findmefollow_needsconf}", FROM_ON, NULL},
    {"group", "members", "{extension}-{findmefollow_grplist}", FROM_MEMBERS, NULL},
    {"himself", "ring_s", "{findmefollow_grptime}", FROM_NUMBER, NULL},
    {"member", "ring_s", "{findmefollow_grptime}", FROM_NUMBER, NULL},
    {"member", "delay_s", "{findmefollow_pre_ring}", FROM_NUMBER,
     "findmefollow_strategy=ringallv2|ringallv2-prim"},
    {"follow", "number", FOLLOW, FROM_TEXT, NULL},
    {"follow", "type", "ring_group", FROM_TEXT, NULL},
    {"follow", "ring_group", "Follow me {extension}", FROM_TEXT, NULL},
    {"follow", "no_answer", "{findmefollow_postdest}", FROM_WAY_OF, NULL},
    {"number", "number", "{extension}", FROM_TEXT, NULL},
    {"number", "type", "user", FROM_TEXT, NULL},
    {"number", "user", "{extension}", FROM_TEXT, NULL},
    {"number", "ring_timeout_s", "{ringtimer}", FROM_NUMBER, NULL},
    {"number", "always", FOLLOW, FROM_WAY, "findmefollow_enabled"},
    {"number", "busy", "{busy_dest}", FROM_WAY_OF, NULL},
    {"number", "busy", "*{extension}", FROM_WAY, "voicemail_enable"},
    {"number", "no_answer", "{noanswer_dest}", FROM_WAY_OF, NULL},
    {"number", "no_answer", "*{extension}", FROM_WAY, "voicemail_enable"},
    {"number", "unreachable", "{chanunavail_dest}", FROM_WAY_OF, NULL},
    {"number", "unreachable", "*{extension}", FROM_WAY, "voicemail_enable"},
    {0},
};

static const struct from_note freepbx_extensions_notes[] = {
    {"recording_in_external=force|yes|always", "recording_in_external: that his calls are recorded "
                                               "is not taken: make a recording policy"},
    {"recording_out_external=force|yes|always", "recording_out_external: that his calls are "
                                                "recorded is not taken: make a recording policy"},
    {"recording_in_internal=force|yes|always", "recording_in_internal: that his calls are recorded "
                                               "is not taken: make a recording policy"},
    {"recording_out_internal=force|yes|always", "recording_out_internal: that his calls are "
                                                "recorded is not taken: make a recording policy"},
    {0},
};

/* Admin > Bulk Handler > DIDs. */
static const char *const freepbx_dids_needs[] = {"extension", "destination", NULL};

static const struct from_row freepbx_dids_rows[] = {
    {"number", &api_inbound_numbers, NULL, "cidnum=*"},
    {0},
};

static const struct from_rule freepbx_dids_rules[] = {
    {"number", "number", "{extension}", FROM_E164, NULL},
    {"number", "extension", "{destination}", FROM_DESTINATION, NULL},
    {0},
};

static const struct from_note freepbx_dids_notes[] = {
    {"cidnum=*", "cidnum: where a number leads does not depend on the caller here; this was not "
                 "taken"},
    {"grppre=*", "grppre: callers' names are not changed here"},
    {"privacyman", "privacyman: callers without a number are not asked for it here"},
    {0},
};

/* What has no number there is in no export, either: it is to be made, and the line given again. */
static const struct from_destination freepbx_destinations[] = {
    {"from-did-direct,%,1", "%", NULL},
    {"ext-local,vmb%,1", "*%", NULL},
    {"ext-local,vmu%,1", "*%", NULL},
    {"ext-local,vms%,1", "*%", NULL},
    {"ext-local,vmi%,1", "*%", NULL},
    {"ext-local,%,dest", "*%", NULL},
    {"ext-local,%,1", "%", NULL},
    {"ext-group,%,1", "%", NULL},
    {"ext-queues,%,1", "%", NULL},
    {"ext-meetme,%,1", "%", NULL},
    {"from-internal,%,1", "%", NULL},
    {"ivr-*", NULL, "a menu"},
    {"timeconditions,*", NULL, "a time condition"},
    {"app-daynight,*", NULL, "a call flow"},
    {"app-announcement-*", NULL, "an announcement"},
    {"app-blackhole,*", NULL, "the end of the call"},
    {"ext-miscdests,*", NULL, "a misc destination"},
    {"ext-trunk,*", NULL, "a trunk"},
    {"*", NULL, "something else"},
    {0},
};

static const struct from_export exports[] = {
    {"fusionpbx", "extensions", fusionpbx_extensions_needs, fusionpbx_extensions_rows,
     fusionpbx_extensions_rules, fusionpbx_extensions_notes, fusionpbx_destinations},
    {"fusionpbx", "voicemails", fusionpbx_voicemails_needs, fusionpbx_voicemails_rows,
     fusionpbx_voicemails_rules, fusionpbx_voicemails_notes, fusionpbx_destinations},
    {"fusionpbx", "destinations", fusionpbx_destinations_needs, fusionpbx_destinations_rows,
     fusionpbx_destinations_rules, fusionpbx_destinations_notes, fusionpbx_destinations},
    {"freepbx", "extensions", freepbx_extensions_needs, freepbx_extensions_rows,
     freepbx_extensions_rules, freepbx_extensions_notes, freepbx_destinations},
    {"freepbx", "dids", freepbx_dids_needs, freepbx_dids_rows, freepbx_dids_rules,
     freepbx_dids_notes, freepbx_destinations},
};

const struct from_export *const from_exports[] = {&exports[0], &exports[1], &exports[2],
                                                  &exports[3], &exports[4], NULL};
