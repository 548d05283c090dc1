/* What the documents of all sections are made of, and the functions of each section. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "media/freeswitch/documents.h"
#include "media/xml.h"
#include "tenant/prompts.h"

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum { DOC_FILE_SIZE = PROMPTS_FILE_SIZE + 4, DOC_DIAL_SIZE = 512 };

/*
 * FreeSWITCH expands ${…} in what reaches a channel, and ${…} can run programs; addresses of mail
 * become words of a shell's command line. No escaping of ours lasts that long, so such values go
 * out only if every character is harmless. False for "".
 */
bool doc_is_made_of(const char *text, const char *characters);

/* Starts a document and its section. */
void doc_open(struct xml *xml, struct buf *out, const char *section);

/* <element name="…" value="…"/> and <param name="…" value="…"/> */
void doc_pair(struct xml *xml, const char *element, const char *name, const char *value);
void doc_param(struct xml *xml, const char *name, const char *value);
void doc_number(struct xml *xml, const char *name, long long value);

/*
 * The file of a prompt. A built-in one is found below the channel's sound_prefix (conf/freeswitch);
 * the format is by name. -ENOENT without a prompt.
 */
int doc_sound(const struct snapshot *snapshot, const char *prompt,
              char out[DOC_FILE_SIZE]) DP_CHECK;

/*
 * What rings the phones of a user: the edge, which knows where they are, and which is asked for
 * nothing else (X-VOIP-Ring), whatever is said of numbers that lead to that user. ${…} is expanded
 * when the call is made, so the address of the edge stays in the configuration of the node.
 * `ring_s`: for so many seconds, 0 for as long as whoever calls says. -ENOENT when the name is none
 * for a URI.
 */
int doc_dial_string(const struct snapshot *snapshot, const char *username, int ring_s,
                    char out[DOC_DIAL_SIZE]) DP_CHECK;

/*
 * What the dialplan needs of the ring group or announcement `name`, <kind>/<id>, or of a number
 * dialled in a menu, direct/<menu>/<number>, as the variables
 * of a "user": set_user is how the static dialplan asks `dialplane serve` for anything. -ENOENT.
 */
int doc_thing(struct xml *xml, const struct snapshot *snapshot, const char *name) DP_CHECK;

/* A queue's music; without a prompt the node's own, by the name that conf/freeswitch gives it. */
void doc_music(const struct snapshot *snapshot, const char *prompt, char out[DOC_FILE_SIZE]);

/*
 * What a node has to say of a queue so that its announcement is the right one: mod_callcenter does
 * not list that, but it does list its parameter time-base-score, of which only "system" has a
 * meaning.
 */
enum { DOC_MARK_SIZE = DOC_FILE_SIZE + 32 };
void doc_mark(const struct snapshot *snapshot, const struct snapshot_queue *queue,
              char out[DOC_MARK_SIZE]);

/* What mod_callcenter calls a queue's strategy. */
const char *doc_strategy(const char *strategy);

/* Seconds without anybody logged in after which who waits leaves; 0: they do not count. */
int doc_no_agent_s(const struct snapshot_queue *queue);

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

/* What is within <configuration>: the thing with this id, named as it was asked for. -ENOENT. */
int configuration_menu(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                       const char *name) DP_CHECK;
int configuration_queue(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                        const char *name) DP_CHECK;
int configuration_conference(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                             const char *name) DP_CHECK;
/* What keys do in it. */
int configuration_controls(struct xml *xml, const struct snapshot *snapshot, int64_t id,
                           const char *name) DP_CHECK;
