/* What the documents of all sections are made of, and one pair of functions per section. */
#pragma once

#include <stdbool.h>

#include "media/freeswitch/documents.h"
#include "media/xml.h"

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/*
 * FreeSWITCH expands ${…} in what reaches a channel, and ${…} can run programs; addresses of mail
 * become words of a shell's command line. No escaping of ours lasts that long, so such values go
 * out only if every character is harmless. False for "".
 */
bool is_made_of(const char *text, const char *characters);

/* Starts a document and its section. */
void open_document(struct xml *xml, struct buf *out, const char *section);

/* <element name="…" value="…"/> */
void add_pair(struct xml *xml, const char *element, const char *name, const char *value);

enum { DIAL_STRING_SIZE = 512 };

/*
 * What rings the user: the edge, which knows where the phones are. ${…} is expanded when the call
 * is made, so the address of the edge stays in the configuration of the node. -ENOENT when the user
 * has no number.
 */
int print_dial_string(const struct snapshot *snapshot, const struct snapshot_user *user,
                      char out[DIAL_STRING_SIZE]) DP_CHECK;

/*
 * For each section: the tenant that a request is about, unchecked, -ENOENT for none; and the
 * document. As fs_request_domain and fs_document.
 */
int directory_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE]) DP_CHECK;
int directory_document(const struct fs_request *request, const struct snapshot *snapshot,
                       struct buf *out) DP_CHECK;
int dialplan_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE]) DP_CHECK;
int dialplan_document(const struct fs_request *request, const struct snapshot *snapshot,
                      struct buf *out) DP_CHECK;
int configuration_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE]) DP_CHECK;
int configuration_document(const struct fs_request *request, const struct snapshot *snapshot,
                           struct buf *out) DP_CHECK;
