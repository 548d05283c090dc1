/* Each kind of service: whether the tenant has it, and what the dialplan does with it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/dialplan_private.h"

static void add_menu(struct xml *xml, const struct dialplan_service *service)
{
    char name[DIALPLAN_DATA_SIZE];

    snprintf(name, sizeof(name), "%s/%s", service->domain, service->id);
    dialplan_add_action(xml, "ivr", name);
    dialplan_add_action(xml, "transfer", "menu-${ivr_menu_status} XML services");
}

/* `next`: what services.xml does when there is the mailbox. */
static void add_mailbox(struct xml *xml, const struct dialplan_service *service, const char *next)
{
    char data[DIALPLAN_DATA_SIZE];

    snprintf(data, sizeof(data), "%s@%s", service->id, service->domain);
    dialplan_add_action(xml, "set_user", data);
    snprintf(data, sizeof(data), "%s-${user_name} XML services", next);
    dialplan_add_action(xml, "transfer", data);
}

static void add_leave(struct xml *xml, const struct dialplan_service *service)
{
    add_mailbox(xml, service, "leave");
}

static void add_listen(struct xml *xml, const struct dialplan_service *service)
{
    add_mailbox(xml, service, "listen");
}

/* `next`: what services.xml does when there is the thing, see things.c. */
static void add_thing(struct xml *xml, const struct dialplan_service *service, const char *next)
{
    char data[DIALPLAN_DATA_SIZE];

    snprintf(data, sizeof(data), "%s/%s@%s", service->kind, service->id, service->domain);
    dialplan_add_action(xml, "set_user", data);
    snprintf(data, sizeof(data), "%s-${user_name} XML services", next);
    dialplan_add_action(xml, "transfer", data);
}

/* Those that a feature code ends with, and that are nobody's. */
static bool is_built_in(const struct dialplan_service *service)
{
    return strcmp(service->id, "activated") == 0 || strcmp(service->id, "deactivated") == 0;
}

static void add_announcement(struct xml *xml, const struct dialplan_service *service)
{
    char data[DIALPLAN_DATA_SIZE];

    if (!is_built_in(service)) {
        add_thing(xml, service, "say");
        return;
    }
    snprintf(data, sizeof(data), "%s XML services", service->id);
    dialplan_add_action(xml, "transfer", data);
}

static void add_bridge(struct xml *xml, const struct dialplan_service *service)
{
    (void)service;
    dialplan_add_action(xml, "transfer", "bridge XML services");
}

static void add_ring_group(struct xml *xml, const struct dialplan_service *service)
{
    add_thing(xml, service, "ring");
}

static void add_paging(struct xml *xml, const struct dialplan_service *service)
{
    add_thing(xml, service, "page");
}

static void add_park(struct xml *xml, const struct dialplan_service *service)
{
    (void)service;
    dialplan_add_action(xml, "transfer", "park XML services");
}

static void add_queue(struct xml *xml, const struct dialplan_service *service)
{
    (void)service;
    dialplan_add_action(xml, "transfer", "queue XML services");
}

static void add_conference(struct xml *xml, const struct dialplan_service *service)
{
    (void)service;
    dialplan_add_action(xml, "transfer", "conference XML services");
}

/* The id, 0 when it is no number. */
static int64_t number_of(const struct dialplan_service *service)
{
    uint64_t id;

    return str_to_u64(service->id, 1, INT64_MAX, &id) ? 0 : (int64_t)id;
}

static bool has_menu(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    return snapshot_menu(snapshot, number_of(service));
}

static bool has_mailbox(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    return snapshot_mailbox(snapshot, service->id) || snapshot_user(snapshot, service->id);
}

static bool has_queue(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    return snapshot_queue(snapshot, number_of(service));
}

static bool has_conference(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    return snapshot_conference(snapshot, number_of(service));
}

static bool has_announcement(const struct snapshot *snapshot,
                             const struct dialplan_service *service)
{
    return is_built_in(service) || snapshot_announcement(snapshot, number_of(service));
}

static bool has_ring_group(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    return snapshot_ring_group(snapshot, number_of(service));
}

/* A name is all it takes. */
static bool is_name(const struct snapshot *snapshot, const struct dialplan_service *service)
{
    (void)snapshot;
    (void)service;
    return true;
}

static const struct dialplan_kind kinds[] = {
    {"ivr", has_menu, add_menu, false, WHEN_WE_ANSWER},
    {"voicemail", has_mailbox, add_leave, false, WHEN_WE_ANSWER},
    {"mailbox", has_mailbox, add_listen, true, WHEN_WE_ANSWER},
    {"queue", has_queue, add_queue, false, WHEN_WE_ANSWER},
    {"conference", has_conference, add_conference, true, WHEN_WE_ANSWER},
    {"announcement", has_announcement, add_announcement, false, WHEN_WE_ANSWER},
    {"ring_group", has_ring_group, add_ring_group, false, WHEN_ANSWERED},
    {"paging", has_ring_group, add_paging, false, WHEN_WE_ANSWER},
    {"park", is_name, add_park, false, WHEN_WE_ANSWER},
    {"pickup", is_name, add_park, false, WHEN_WE_ANSWER},
    {"recorder", is_name, add_bridge, false, WHEN_ANSWERED},
};

const struct dialplan_kind *dialplan_find_kind(const struct dialplan_service *service)
{
    for (size_t i = 0; i < DP_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, service->kind) == 0)
            return &kinds[i];
    }
    return NULL;
}
