/* The routes of messages, and what their answers look like. */
#include "api/api_private.h"
#include "api/voicemail.h"

#define TEXT     "{\"type\":\"string\"}"
#define INTEGER  "{\"type\":\"integer\"}"
#define BOOLEAN  "{\"type\":\"boolean\"}"
#define NULLABLE "{\"type\":[\"string\",\"null\"]}"
#define MESSAGE                                                                                    \
    "{\"type\":\"object\",\"required\":[\"id\",\"caller\",\"caller_name\",\"received_at\","        \
    "\"length_s\",\"read\",\"urgent\",\"node\"],\"properties\":{\"id\":" TEXT                      \
    ",\"caller\":" NULLABLE ",\"caller_name\":" NULLABLE                                           \
    ",\"received_at\":{\"type\":\"string\",\"format\":\"date-time\"},\"length_s\":" INTEGER        \
    ",\"read\":" BOOLEAN ",\"urgent\":" BOOLEAN ",\"node\":" TEXT "}}"
#define COUNT                                                                                      \
    "{\"type\":\"object\",\"required\":[\"id\",\"mailbox\",\"new_messages\",\"saved_messages\"],"  \
    "\"properties\":{\"id\":" INTEGER ",\"mailbox\":" TEXT                                         \
    ",\"user_id\":{\"type\":[\"integer\",\"null\"]},\"new_messages\":" INTEGER                     \
    ",\"saved_messages\":" INTEGER ",\"changed_at\":" NULLABLE "}}"

#define MESSAGES "/domains/{domain}/voicemail-boxes/{voicemail_box_id}/messages"

static const struct api_param list_query[] = {
    {"limit", API_INTEGER, "How many, 1 to 500", NULL},
    {"cursor", API_TEXT, "Where the page before ended: its next", NULL},
    {"read", API_BOOLEAN, "Only saved messages, or only new ones", NULL},
    {0},
};

static const struct api_route routes[] = {
    {
        .method = "GET",
        .path = "/domains/{domain}/voicemail-counts",
        .scope = API_VOICEMAIL_READ,
        .flags = API_OWN,
        .name = "list_voicemail_counts",
        .tag = "Voicemail messages",
        .summary = "List mailboxes with the numbers of their new and saved messages, as phones' "
                   "lamps have them",
        .query = live_paging,
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"items\",\"next\"],\"properties\":{"
            "\"items\":{\"type\":\"array\",\"items\":" COUNT "},\"next\":" NULLABLE "}}",
        .handler = voicemail_counts,
    },
    {
        .method = "GET",
        .path = MESSAGES,
        .scope = API_VOICEMAIL_READ,
        .flags = API_OWN,
        .name = "list_voicemail_messages",
        .tag = "Voicemail messages",
        .summary = "List the messages of a mailbox, the latest first",
        .query = list_query,
        .reply_schema =
            "{\"type\":\"object\",\"required\":[\"items\",\"next\",\"silent\"],"
            "\"properties\":{\"items\":{\"type\":\"array\",\"items\":" MESSAGE
            "},\"next\":" NULLABLE ",\"silent\":{\"type\":\"array\",\"items\":" TEXT "}}}",
        .handler = voicemail_list,
    },
    {
        .method = "GET",
        .path = MESSAGES "/{id}",
        .scope = API_VOICEMAIL_READ,
        .flags = API_OWN,
        .name = "get_voicemail_message",
        .tag = "Voicemail messages",
        .summary = "Read what is known of a message",
        .reply_schema = MESSAGE,
        .handler = voicemail_get,
        .last_type = API_SECRET,
    },
    {
        .method = "GET",
        .path = MESSAGES "/{id}/audio",
        .scope = API_VOICEMAIL_READ,
        .flags = API_OWN,
        .name = "get_voicemail_audio",
        .tag = "Voicemail messages",
        .summary = "Hear a message, or a range of its bytes; it stays as new as it was",
        .reply_type = "audio/wav",
        .handler = voicemail_audio,
        .last_type = API_SECRET,
    },
    {
        .method = "PATCH",
        .path = MESSAGES "/{id}",
        .scope = API_VOICEMAIL_WRITE,
        .flags = API_DRY_RUN | API_OWN,
        .name = "mark_voicemail_message",
        .tag = "Voicemail messages",
        .summary = "Mark a message as heard, or as new",
        .body_schema = "{\"type\":\"object\",\"required\":[\"read\"],\"properties\":{"
                       "\"read\":" BOOLEAN "}}",
        .reply_schema = MESSAGE,
        .handler = voicemail_mark,
        .last_type = API_SECRET,
    },
    {
        .method = "DELETE",
        .path = MESSAGES "/{id}",
        .scope = API_VOICEMAIL_WRITE,
        .flags = API_DRY_RUN | API_OWN,
        .name = "delete_voicemail_message",
        .tag = "Voicemail messages",
        .summary = "Delete a message",
        .status = 204,
        .handler = voicemail_delete,
        .last_type = API_SECRET,
    },
};

const struct api_routes api_voicemail_routes = {routes, DP_COUNT(routes)};
