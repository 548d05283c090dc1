#include "tenant/prompts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"

enum { WIDE_RATE = 16000 };

static char state_folder[PATH_MAX];

int prompts_init(const char *state, struct err *err)
{
    char folder[PATH_MAX];
    int res = str_copy(state_folder, sizeof(state_folder), state);

    if (!res)
        res = str_printf(folder, sizeof(folder), "%s/store/prompts", state);
    return res ? err_sys(err, res, "%s", state) : file_make_dirs(folder, 0750, err);
}

static int name_file(const char *domain, const struct snapshot_prompt *prompt, const char *ending,
                     char out[PROMPTS_FILE_SIZE])
{
    return str_printf(out, PROMPTS_FILE_SIZE, "%s/store/prompts/%s/%s%s", state_folder, domain,
                      prompt->sha256, ending);
}

static int name_own(const struct snapshot *snapshot, const struct snapshot_prompt *own, bool wide,
                    char out[PROMPTS_FILE_SIZE])
{
    return name_file(snapshot_domain(snapshot), own, wide && own->rate == WIDE_RATE ? ".wide" : "",
                     out);
}

int prompts_file(const struct snapshot *snapshot, const char *prompt, bool wide,
                 char out[PROMPTS_FILE_SIZE])
{
    const struct snapshot_prompt *own;

    if (!prompt)
        return -ENOENT;
    if (!str_starts_with(prompt, PROMPTS_OWN))
        return str_copy(out, PROMPTS_FILE_SIZE, prompt);
    own = snapshot_prompt(snapshot, prompt + strlen(PROMPTS_OWN));
    return own ? name_own(snapshot, own, wide, out) : -ENOENT;
}

int prompts_music(const struct snapshot *snapshot, bool wide, char out[PROMPTS_FILE_SIZE])
{
    size_t count;
    const struct snapshot_prompt *prompts = snapshot_prompts(snapshot, &count);

    for (size_t i = 0; i < count; i++) {
        if (prompts[i].is_music)
            return name_own(snapshot, &prompts[i], wide, out);
    }
    return -ENOENT;
}

int prompts_path(const struct snapshot *snapshot, const char *prompt, bool wide,
                 char out[PROMPTS_FILE_SIZE])
{
    char file[PROMPTS_FILE_SIZE];
    int res = prompts_file(snapshot, prompt, wide, file);

    if (res)
        return res;
    if (file[0] == '/')
        return str_copy(out, PROMPTS_FILE_SIZE, file);
    return str_printf(out, PROMPTS_FILE_SIZE, "%s/sounds/en/%s", state_folder, file);
}

/* What was asked for: another audio may have the name by now, and is read with the next change. */
static int write_audio(const char *path, const PGresult *rows, const struct snapshot_prompt *prompt,
                       struct err *err)
{
    char digest[CRYPTO_SHA256_HEX];
    unsigned char *audio;
    size_t length;
    int res;

    if (PQntuples(rows) != 1)
        return err_set(err, -EIO, "prompt %s is another one by now", prompt->name);
    audio = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, 0, 0), &length);
    if (!audio)
        return err_set(err, -ENOMEM, "no memory for prompt %s", prompt->name);
    res = crypto_sha256_hex(audio, length, digest);
    if (!res && strcmp(digest, prompt->sha256) != 0)
        res = -EIO;
    if (res)
        err_sys(err, res, "audio of prompt %s", prompt->name);
    else
        res = file_write(path, audio, length, 0640, err);
    PQfreemem(audio);
    return res;
}

static int fetch(struct listen *db, const char *domain, const struct snapshot_prompt *prompt,
                 const char *path, struct err *err)
{
    const char *const values[] = {domain, prompt->name, prompt->sha256};
    PGresult *rows = NULL;
    int res = listen_query(db,
                           "SELECT p.audio FROM voip.prompts p "
                           "JOIN voip.domains d ON d.id = p.domain_id "
                           "WHERE d.name = $1 AND p.name = $2 AND p.sha256 = $3",
                           3, values, &rows, err);

    if (!res)
        res = write_audio(path, rows, prompt, err);
    PQclear(rows);
    return res;
}

static int store_one(struct listen *db, const char *domain, const struct snapshot_prompt *prompt,
                     struct err *err)
{
    char path[PROMPTS_FILE_SIZE], wide[PROMPTS_FILE_SIZE];
    int res = name_file(domain, prompt, ".wav", path);

    if (!res)
        res = name_file(domain, prompt, ".wide.wav16", wide);
    if (res)
        return err_sys(err, res, "prompt %s", prompt->name);
    if (access(path, F_OK) != 0)
        res = fetch(db, domain, prompt, path, err);
    if (!res && prompt->rate == WIDE_RATE && link(path, wide) && errno != EEXIST)
        res = err_sys(err, -errno, "%s", wide);
    return res;
}

int prompts_store(struct listen *db, const struct snapshot *snapshot, struct err *err)
{
    const char *domain = snapshot_domain(snapshot);
    char folder[PROMPTS_FILE_SIZE];
    const struct snapshot_prompt *prompts;
    int res, first = 0;
    size_t count;

    prompts = snapshot_prompts(snapshot, &count);
    if (!count || !state_folder[0])
        return 0;
    res = str_printf(folder, sizeof(folder), "%s/store/prompts/%s", state_folder, domain);
    res = res ? err_sys(err, res, "%s", domain) : file_make_dirs(folder, 0750, err);
    for (size_t i = 0; i < count && !res; i++) {
        res = store_one(db, domain, &prompts[i], first ? NULL : err);
        if (res && !first)
            first = res;
        if (res != -ENOTCONN && res != -ECANCELED)
            res = 0;
    }
    return res ? res : first;
}
