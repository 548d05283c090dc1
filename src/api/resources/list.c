/* All resources, in the order of the document. */
#include "api/resources/resources.h"

const struct api_resource *const api_resources[] = {
    &api_domains,
    &api_users,
    &api_extensions,
    &api_ring_groups,
    &api_ring_group_members,
    &api_queues,
    &api_queue_members,
    &api_ivr_menus,
    &api_ivr_entries,
    &api_voicemail_boxes,
    &api_conferences,
    &api_schedules,
    &api_schedule_hours,
    &api_schedule_holidays,
    &api_announcements,
    &api_trunks,
    &api_trunk_gateways,
    &api_outbound_routes,
    &api_outbound_route_trunks,
    &api_inbound_numbers,
    &api_recording_policies,
    &api_prompts,
    &api_webhooks,
    NULL,
};
