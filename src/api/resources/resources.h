/* The descriptions of all resources, one file each, and what they share. */
#pragma once

#include "api/resource.h"

extern const struct api_resource api_domains, api_users, api_extensions, api_ring_groups,
    api_ring_group_members, api_queues, api_queue_members, api_ivr_menus, api_ivr_entries,
    api_voicemail_boxes, api_conferences, api_schedules, api_schedule_hours, api_schedule_holidays,
    api_announcements, api_trunks, api_trunk_gateways, api_outbound_routes,
    api_outbound_route_trunks, api_inbound_numbers, api_recording_policies, api_recording_settings,
    api_recording_defaults, api_prompts, api_webhooks, api_keys_of_tenant, api_keys_of_all,
    api_operators_of_tenant, api_operators_of_all, api_sessions_of_tenant, api_sessions_of_all,
    api_audit_of_tenant, api_audit_of_all, api_cdrs, api_recordings;

/* As the domains of PostgreSQL of these names (db/migrations). */
#define API_PROMPT                                                                                 \
    .max = 128, .pattern = "^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",                                   \
    .meaning = "is the name of a prompt: a built-in one, or custom/ and one of the tenant's own"
#define API_SIP_USER                                                                               \
    .min = 1, .max = 64, .pattern = "^[0-9A-Za-z*#+._-]{1,64}$",                                   \
    .meaning = "has 1 to 64 of 0-9 A-Z a-z * # + . _ -"
#define API_OUTSIDE                                                                                \
    .max = 33, .pattern = "^\\+?[0-9*#]{2,32}$",                                                   \
    .meaning = "has 2 to 32 digits, with + in front for E.164"
#define API_LABEL .min = 1, .max = 100

#define API_ROW_ID                                                                                 \
    {"id", API_ID, API_READ_ONLY | API_FILTER | API_SORT, .about = "The row's number."}
#define API_CREATED                                                                                \
    {"created_at", API_TIMESTAMP, API_READ_ONLY | API_FILTER, .about = "When it was made."}
#define API_NAME                                                                                   \
    {"name", API_TEXT, API_REQUIRED | API_FILTER | API_SORT, .about = "Its name.", API_LABEL}
