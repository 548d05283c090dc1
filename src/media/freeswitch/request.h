/*
 * What mod_xml_curl asks for. Its first five parameters are sent unencoded, and the fourth and
 * fifth come from whoever speaks SIP to FreeSWITCH: a realm of "a.test&user=admin" adds a parameter
 * of its own. So those five count by position only, what names a tenant, a user or a menu counts
 * only where FreeSWITCH encodes it, and a parameter that is there twice makes the request invalid.
 */
#pragma once

#include "base/compiler.h"
#include "http/form.h"

/* Strings of the form; "" for what is not there. */
struct fs_request {
    const char *section;  /* directory, configuration, … */
    const char *tag_name; /* what is looked up: the element, its attribute and the value */
    const char *key_name;
    const char *key_value;
    const char *purpose; /* gateways, network-list, or none */
    const char *key;     /* the attribute a user is looked up by: id or number-alias */
    const char *user;
    const char *domain;
    const char *menu; /* Menu-Name of the ivr application: "<domain>/<menu id>" */
};

/* -EINVAL when the first five are not those five, or one that we use is there twice. */
int fs_request_read(const struct form *form, struct fs_request *out) DP_CHECK;
