#include "cdr/cause.h"

#include <string.h>

enum { NAME_MAX_LEN = 40 };

/* Q.850 table 1, as far as FreeSWITCH has names for it. */
static const struct {
    unsigned char value;
    const char *name;
} causes[] = {
    {1, "UNALLOCATED_NUMBER"},
    {2, "NO_ROUTE_TRANSIT_NET"},
    {3, "NO_ROUTE_DESTINATION"},
    {6, "CHANNEL_UNACCEPTABLE"},
    {7, "CALL_AWARDED_DELIVERED"},
    {16, "NORMAL_CLEARING"},
    {17, "USER_BUSY"},
    {18, "NO_USER_RESPONSE"},
    {19, "NO_ANSWER"},
    {20, "SUBSCRIBER_ABSENT"},
    {21, "CALL_REJECTED"},
    {22, "NUMBER_CHANGED"},
    {23, "REDIRECTION_TO_NEW_DESTINATION"},
    {25, "EXCHANGE_ROUTING_ERROR"},
    {27, "DESTINATION_OUT_OF_ORDER"},
    {28, "INVALID_NUMBER_FORMAT"},
    {29, "FACILITY_REJECTED"},
    {30, "RESPONSE_TO_STATUS_ENQUIRY"},
    {31, "NORMAL_UNSPECIFIED"},
    {34, "NORMAL_CIRCUIT_CONGESTION"},
    {38, "NETWORK_OUT_OF_ORDER"},
    {41, "NORMAL_TEMPORARY_FAILURE"},
    {42, "SWITCH_CONGESTION"},
    {43, "ACCESS_INFO_DISCARDED"},
    {44, "REQUESTED_CHAN_UNAVAIL"},
    {45, "PRE_EMPTED"},
    {50, "FACILITY_NOT_SUBSCRIBED"},
    {52, "OUTGOING_CALL_BARRED"},
    {54, "INCOMING_CALL_BARRED"},
    {57, "BEARERCAPABILITY_NOTAUTH"},
    {58, "BEARERCAPABILITY_NOTAVAIL"},
    {63, "SERVICE_UNAVAILABLE"},
    {65, "BEARERCAPABILITY_NOTIMPL"},
    {66, "CHAN_NOT_IMPLEMENTED"},
    {69, "FACILITY_NOT_IMPLEMENTED"},
    {79, "SERVICE_NOT_IMPLEMENTED"},
    {81, "INVALID_CALL_REFERENCE"},
    {88, "INCOMPATIBLE_DESTINATION"},
    {95, "INVALID_MSG_UNSPECIFIED"},
    {96, "MANDATORY_IE_MISSING"},
    {97, "MESSAGE_TYPE_NONEXIST"},
    {98, "WRONG_MESSAGE"},
    {99, "IE_NONEXIST"},
    {100, "INVALID_IE_CONTENTS"},
    {101, "WRONG_CALL_STATE"},
    {102, "RECOVERY_ON_TIMER_EXPIRE"},
    {103, "MANDATORY_IE_LENGTH_ERROR"},
    {111, "PROTOCOL_ERROR"},
    {127, "INTERWORKING"},
};

/* RFC 4497 8.4.4: status, then the cause value. */
static const struct {
    unsigned short status;
    unsigned char cause;
} from_sip[] = {
    {400, 41},  {401, 21}, {402, 21},  {403, 21},  {404, 1},  {405, 63},  {406, 79},  {407, 21},
    {408, 102}, {410, 22}, {413, 127}, {414, 127}, {415, 79}, {416, 127}, {420, 127}, {421, 127},
    {423, 127}, {480, 18}, {481, 41},  {482, 25},  {483, 25}, {484, 28},  {485, 1},   {486, 17},
    {488, 31},  {500, 41}, {501, 79},  {502, 38},  {503, 41}, {504, 102}, {505, 127}, {513, 127},
    {580, 44},  {600, 17}, {603, 21},  {604, 1},   {606, 31}, {607, 21},
};

/* RFC 4497 8.4.1: cause, then the status. */
static const struct {
    const char *name;
    unsigned short status;
} to_sip[] = {
    {"NORMAL_CLEARING", 200},          {"ORIGINATOR_CANCEL", 487},
    {"UNALLOCATED_NUMBER", 404},       {"NO_ROUTE_TRANSIT_NET", 404},
    {"NO_ROUTE_DESTINATION", 404},     {"USER_BUSY", 486},
    {"NO_USER_RESPONSE", 408},         {"NO_ANSWER", 480},
    {"SUBSCRIBER_ABSENT", 480},        {"CALL_REJECTED", 603},
    {"NUMBER_CHANGED", 410},           {"REDIRECTION_TO_NEW_DESTINATION", 410},
    {"DESTINATION_OUT_OF_ORDER", 502}, {"INVALID_NUMBER_FORMAT", 484},
    {"FACILITY_REJECTED", 501},        {"NORMAL_CIRCUIT_CONGESTION", 503},
    {"NETWORK_OUT_OF_ORDER", 503},     {"NORMAL_TEMPORARY_FAILURE", 503},
    {"SWITCH_CONGESTION", 503},        {"REQUESTED_CHAN_UNAVAIL", 503},
    {"OUTGOING_CALL_BARRED", 403},     {"INCOMING_CALL_BARRED", 403},
    {"BEARERCAPABILITY_NOTAUTH", 403}, {"BEARERCAPABILITY_NOTAVAIL", 503},
    {"BEARERCAPABILITY_NOTIMPL", 488}, {"INCOMPATIBLE_DESTINATION", 488},
    {"FACILITY_NOT_IMPLEMENTED", 501}, {"SERVICE_NOT_IMPLEMENTED", 501},
    {"RECOVERY_ON_TIMER_EXPIRE", 504}, {"EXCHANGE_ROUTING_ERROR", 483},
};

const char *cause_name(unsigned int q850)
{
    for (size_t i = 0; i < DP_COUNT(causes); i++)
        if (causes[i].value == q850)
            return causes[i].name;
    return "NORMAL_UNSPECIFIED";
}

const char *cause_of_sip(unsigned int status)
{
    if (status >= 200 && status < 300)
        return "NORMAL_CLEARING";
    if (status == 487)
        return "ORIGINATOR_CANCEL";
    for (size_t i = 0; i < DP_COUNT(from_sip); i++)
        if (from_sip[i].status == status)
            return cause_name(from_sip[i].cause);
    /* RFC 4497 8.4.4 and RFC 3261 8.1.3.2: an unknown status is as the x00 of its class. */
    if (status >= 400 && status < 600)
        return "NORMAL_TEMPORARY_FAILURE";
    return status >= 600 && status < 700 ? "USER_BUSY" : "NORMAL_UNSPECIFIED";
}

unsigned int cause_to_sip(const char *name)
{
    for (size_t i = 0; i < DP_COUNT(to_sip); i++)
        if (strcmp(to_sip[i].name, name) == 0)
            return to_sip[i].status;
    return 480;
}

bool cause_is_name(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return len > 0 && len <= NAME_MAX_LEN && name[len] == '\0';
}
