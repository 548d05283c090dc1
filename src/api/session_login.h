/* What the two files of logging in share. */
#pragma once

#include "api/session.h"

enum { API_LOGIN_KEYS = 256 };

/* One attempt. Strings belong to the request. */
struct api_login {
    struct api_request *request;
    struct api_origin origin;
    const char *name, *password, *code;
    char device[API_TOKEN + 1]; /* "": the browser has none */
    PGresult *found;            /* no row: nobody has this name */
    bool known;                 /* the browser, or the address */
    char keys[API_LOGIN_KEYS];  /* what the attempt is counted for */
    struct api_session session;
};

/* Of `found`. */
enum api_login_column {
    API_LOGIN_ID,
    API_LOGIN_HASH,
    API_LOGIN_MAY,
    API_LOGIN_TOTP,
    API_LOGIN_DEVICE,
    API_LOGIN_PLACE,
    API_LOGIN_DOMAIN_ID,
    API_LOGIN_NAME,
    API_LOGIN_ROLE,
    API_LOGIN_USER_ID,
    API_LOGIN_DOMAIN,
};

/* NULL where the row has none. */
const char *api_login_value(const struct api_login *login, enum api_login_column column);

/* Whoever this is was right: the answer is who he is, with his cookies. Commits. */
int api_login_enter(struct api_login *login) DP_CHECK;
