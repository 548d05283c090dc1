/*
 * The audio of tenants' own prompts, as files for the media server of this machine:
 *
 *     STATE/store/prompts/<domain>/<sha256>.wav          FreeSWITCH; Asterisk, of 8 kHz
 *     STATE/store/prompts/<domain>/<sha256>.wide.wav16   Asterisk, of 16 kHz: the same file
 *
 * Nothing in a name is of the tenant's choice. A file is complete as soon as it has its name, and
 * is never changed: other audio has another name. Files stay when nothing names them any more, as
 * calls in progress may.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "store/listen.h"
#include "tenant/snapshot.h"

enum { PROMPTS_FILE_SIZE = 512 };

/* How things name a prompt of their tenant's own: this, and its name. */
#define PROMPTS_OWN "custom/"

/* Once, before anything else of this: the state folder, where the files' is made. */
int prompts_init(const char *state, struct err *err) DP_CHECK;

/*
 * Writes the files of the tenant's prompts that are not there. What prevents it (a full disk, an
 * audio that has changed meanwhile) leaves them away until the next time: -EIO or errno with what
 * it is. -ENOTCONN, -ECANCELED of the connection.
 */
int prompts_store(struct listen *db, const struct snapshot *snapshot, struct err *err) DP_CHECK;

/*
 * The file of a prompt of the tenant's own, without what says its format; of a built-in one the
 * name that it has in the media server's folder of sounds. `wide`: 16 kHz is another file.
 * -ENOENT when the tenant has no such prompt or `prompt` is NULL.
 */
int prompts_file(const struct snapshot *snapshot, const char *prompt, bool wide,
                 char out[PROMPTS_FILE_SIZE]) DP_CHECK;

/* The same of the tenant's music on hold; -ENOENT when it has none of its own. */
int prompts_music(const struct snapshot *snapshot, bool wide, char out[PROMPTS_FILE_SIZE]) DP_CHECK;

/* As prompts_file, with a whole path for built-in ones too. */
int prompts_path(const struct snapshot *snapshot, const char *prompt, bool wide,
                 char out[PROMPTS_FILE_SIZE]) DP_CHECK;
