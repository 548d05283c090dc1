/* The tables of a tenant: the statement for each, and what is made of its rows. */
#include <string.h>

#include "base/compiler.h"
#include "tenant/load_private.h"
#include "tenant/snapshot.h"

static void add_user(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_user(snapshot, &(struct snapshot_user){
                                    .username = rows_text(rows, 0),
                                    .display_name = rows_text(rows, 1),
                                    .ha1 = rows_text(rows, 2),
                                });
}

static void add_extension(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_extension(snapshot, &(struct snapshot_extension){
                                         .number = rows_text(rows, 0),
                                         .type = rows_text(rows, 1),
                                         .username = rows_text(rows, 2),
                                         .mailbox = rows_text(rows, 3),
                                         .menu = rows_int(rows, 4),
                                         .queue = rows_int(rows, 5),
                                         .conference = rows_int(rows, 6),
                                     });
}

static void add_menu(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_menu(snapshot, &(struct snapshot_menu){
                                    .id = rows_int(rows, 0),
                                    .greeting = rows_text(rows, 1),
                                    .invalid = rows_text(rows, 2),
                                    .timeout_ms = (int)rows_int(rows, 3),
                                    .tries = (int)rows_int(rows, 4),
                                    .direct_dial = rows_int(rows, 5) != 0,
                                });
}

static void add_entry(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_entry(snapshot, rows_int(rows, 0),
                       &(struct snapshot_entry){
                           .digit = rows_text(rows, 1),
                           .number = rows_text(rows, 2),
                       });
}

static void add_mailbox(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_mailbox(snapshot, &(struct snapshot_mailbox){
                                       .mailbox = rows_text(rows, 0),
                                       .pin_ha1 = rows_text(rows, 1),
                                       .max_messages = (int)rows_int(rows, 2),
                                       .max_message_s = (int)rows_int(rows, 3),
                                       .min_message_s = (int)rows_int(rows, 4),
                                       .mail_audio = rows_int(rows, 5) != 0,
                                       .delete_mailed = rows_int(rows, 6) != 0,
                                       .full = rows_int(rows, 7) != 0,
                                       .email = rows_text(rows, 8),
                                       .owner = rows_text(rows, 9),
                                   });
}

static void add_queue(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_queue(snapshot, &(struct snapshot_queue){
                                     .id = rows_int(rows, 0),
                                     .name = rows_text(rows, 1),
                                     .strategy = rows_text(rows, 2),
                                     .ring_s = (int)rows_int(rows, 3),
                                     .wrap_up_s = (int)rows_int(rows, 4),
                                     .max_wait_s = (int)rows_int(rows, 5),
                                     .announce_every_s = (int)rows_int(rows, 6),
                                     .announce_position = rows_int(rows, 7) != 0,
                                     .music = rows_text(rows, 8),
                                     .announcement = rows_text(rows, 9),
                                     .timeout_to = rows_text(rows, 10),
                                     .no_agent_to = rows_text(rows, 11),
                                 });
}

static enum snapshot_agent_status status_of(const char *text)
{
    if (strcmp(text, "paused") == 0)
        return SNAPSHOT_PAUSED;
    return strcmp(text, "logged_out") == 0 ? SNAPSHOT_LOGGED_OUT : SNAPSHOT_AVAILABLE;
}

static void add_member(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_member(snapshot, rows_int(rows, 0),
                        &(struct snapshot_member){
                            .username = rows_text(rows, 1),
                            .level = (int)rows_int(rows, 2),
                            .position = (int)rows_int(rows, 3),
                            .status = status_of(rows_text(rows, 4)),
                        });
}

static void add_conference(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_conference(snapshot, &(struct snapshot_conference){
                                          .id = rows_int(rows, 0),
                                          .name = rows_text(rows, 1),
                                          .max_members = (int)rows_int(rows, 2),
                                          .announce = rows_int(rows, 3) != 0,
                                          .pin = rows_text(rows, 4),
                                          .moderator_pin = rows_text(rows, 5),
                                          .wait = rows_int(rows, 6) != 0,
                                      });
}

static void add_ring_group(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_ring_group(snapshot, &(struct snapshot_ring_group){
                                          .id = rows_int(rows, 0),
                                          .strategy = rows_text(rows, 1),
                                          .skip_busy = rows_int(rows, 2) != 0,
                                          .confirm = rows_int(rows, 3) != 0,
                                      });
}

static void add_group_member(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_group_member(snapshot, rows_int(rows, 0),
                              &(struct snapshot_group_member){
                                  .delay_s = (int)rows_int(rows, 1),
                                  .ring_s = (int)rows_int(rows, 2),
                                  .username = rows_text(rows, 3),
                                  .outside = rows_text(rows, 4),
                              });
}

static void add_announcement(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_announcement(snapshot, &(struct snapshot_announcement){
                                            .id = rows_int(rows, 0),
                                            .prompt = rows_text(rows, 1),
                                            .then_to = rows_text(rows, 2),
                                        });
}

static void add_prompt(struct snapshot *snapshot, const struct rows *rows)
{
    snapshot_add_prompt(snapshot, &(struct snapshot_prompt){
                                      .name = rows_text(rows, 0),
                                      .sha256 = rows_text(rows, 1),
                                      .rate = (int)rows_int(rows, 2),
                                      .is_music = rows_int(rows, 3) != 0,
                                  });
}

/*
 * $1 is the id of the tenant. Every statement has an order, so that rows that did not change make
 * the same copy: by id, which PostgreSQL sorts several times faster than text, or as
 * snapshot_add_entry and snapshot_add_member ask for. Joins name the tenant as well, though the
 * foreign keys do so already: without it everybody's rows are read. The columns that may be null
 * come last.
 */
const struct load_step load_steps[] = {
    {SNAPSHOT_USERS, add_user, 3, 3,
     "SELECT username, display_name, ha1 FROM voip.users WHERE domain_id = $1 AND enabled "
     "ORDER BY id"},
    {SNAPSHOT_EXTENSIONS, add_extension, 7, 2,
     "SELECT e.number, e.type, u.username, b.mailbox, e.ivr_menu_id, e.queue_id, e.conference_id "
     "FROM voip.extensions e "
     "LEFT JOIN voip.users u ON u.id = e.user_id AND u.domain_id = e.domain_id AND u.enabled "
     "LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id "
     "AND b.domain_id = e.domain_id WHERE e.domain_id = $1 ORDER BY e.id"},
    {SNAPSHOT_MENUS, add_menu, 6, 6,
     "SELECT id, greeting, invalid, timeout_ms, tries, direct_dial::int FROM voip.ivr_menus "
     "WHERE domain_id = $1 "
     "ORDER BY 1"},
    {SNAPSHOT_ENTRIES, add_entry, 3, 3,
     "SELECT i.menu_id, i.digit, e.number FROM voip.ivr_entries i "
     "JOIN voip.extensions e ON e.id = i.extension_id AND e.domain_id = i.domain_id "
     "WHERE i.domain_id = $1 ORDER BY i.menu_id, i.digit"},
    {SNAPSHOT_MAILBOXES, add_mailbox, 10, 8,
     "SELECT b.mailbox, b.pin_ha1, b.max_messages, b.max_message_s, b.min_message_s, "
     "b.mail_audio::int, b.delete_mailed::int, "
     "(coalesce(c.new_messages + c.saved_messages, 0) >= b.max_messages)::int, "
     "b.email, u.username FROM voip.voicemail_boxes b "
     "LEFT JOIN voip.voicemail_counts c ON c.box_id = b.id AND c.domain_id = b.domain_id "
     "LEFT JOIN voip.users u ON u.id = b.user_id AND u.domain_id = b.domain_id "
     "WHERE b.domain_id = $1 ORDER BY b.id"},
    {SNAPSHOT_QUEUES, add_queue, 12, 8,
     "SELECT q.id, q.name, q.strategy, q.ring_s, q.wrap_up_s, q.max_wait_s, q.announce_every_s, "
     "q.announce_position::int, q.music, q.announcement, t.number, n.number FROM voip.queues q "
     "LEFT JOIN voip.extensions t ON t.id = q.timeout_to AND t.domain_id = q.domain_id "
     "LEFT JOIN voip.extensions n ON n.id = q.no_agent_to AND n.domain_id = q.domain_id "
     "WHERE q.domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_MEMBERS, add_member, 5, 5,
     "SELECT m.queue_id, u.username, m.level, m.position, coalesce(a.status, 'available') "
     "FROM voip.queue_members m "
     "JOIN voip.users u ON u.id = m.user_id AND u.domain_id = m.domain_id AND u.enabled "
     "LEFT JOIN voip.queue_agents a ON a.user_id = m.user_id AND a.domain_id = m.domain_id "
     "WHERE m.domain_id = $1 ORDER BY m.queue_id, m.level, m.position, u.username"},
    {SNAPSHOT_CONFERENCES, add_conference, 7, 4,
     "SELECT id, name, max_members, announce::int, pin, moderator_pin, wait_for_moderator::int "
     "FROM voip.conferences WHERE domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_RING_GROUPS, add_ring_group, 4, 4,
     "SELECT id, strategy, skip_busy::int, confirm::int FROM voip.ring_groups "
     "WHERE domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_GROUP_MEMBERS, add_group_member, 5, 3,
     "SELECT m.ring_group_id, m.delay_s, m.ring_s, u.username, m.outside "
     "FROM voip.ring_group_members m "
     "LEFT JOIN voip.users u ON u.id = m.user_id AND u.domain_id = m.domain_id AND u.enabled "
     "WHERE m.domain_id = $1 AND (u.id IS NOT NULL OR m.outside IS NOT NULL) "
     "ORDER BY m.ring_group_id, m.position, m.id"},
    {SNAPSHOT_ANNOUNCEMENTS, add_announcement, 3, 2,
     "SELECT a.id, a.prompt, t.number FROM voip.announcements a "
     "LEFT JOIN voip.extensions t ON t.id = a.then_to AND t.domain_id = a.domain_id "
     "WHERE a.domain_id = $1 ORDER BY 1"},
    {SNAPSHOT_PROMPTS, add_prompt, 4, 4,
     "SELECT p.name, p.sha256, p.rate, (p.name = d.own_music IS TRUE)::int FROM voip.prompts p "
     "JOIN voip.domains d ON d.id = p.domain_id WHERE p.domain_id = $1 ORDER BY p.id"},
};

const size_t load_steps_count = DP_COUNT(load_steps);
