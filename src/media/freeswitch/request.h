/*
 * What mod_xml_curl asks for. Its first five parameters are sent unencoded, and the fifth comes
 * from whoever speaks SIP to FreeSWITCH: a realm of "a.test&user=admin" adds a parameter of its
 * own, right behind the five. All others are values of an event, encoded, and the event's name is
 * the first of them. So the five count by position only, "Event-Name" has to follow them, and a
 * parameter that is there twice with different values makes the request invalid. What names a
 * tenant, a user or a menu counts only where FreeSWITCH encodes it.
 */
#pragma once

#include "base/compiler.h"
#include "http/form.h"

/* Strings of the form; "" for what is not there. */
struct fs_request {
    /* Of every request: what is looked up, as element, attribute and value. */
    const char *section; /* directory, dialplan, configuration */
    const char *tag_name;
    const char *key_name;
    const char *key_value;

    /* directory */
    const char *purpose; /* gateways, network-list, publish-vm, or none */
    const char *key;     /* the attribute a user is looked up by: id or number-alias */
    const char *user;
    const char *group;
    const char *domain;

    /* dialplan */
    const char *context; /* that is looked in */
    const char *service; /* headers of the edge: X-VOIP-Service, X-VOIP-Call */
    const char *call;
    const char *record; /* X-VOIP-Record */
    const char *music;  /* X-VOIP-Music */

    /* configuration */
    const char *menu;       /* of the ivr application: "<domain>/<id>" */
    const char *queue;      /* of mod_callcenter: "<id>@<domain>" */
    const char *conference; /* profile that mod_conference wants: "<domain>/<id>" */
    const char *controls;   /* or that of who wants to know what keys do */
};

/* -EINVAL when the first five are not those five, or what follows is not FreeSWITCH's own. */
int fs_request_read(const struct form *form, struct fs_request *out) DP_CHECK;
