/*
 * FreeSWITCH's table of time zones, made from the system's own (package tzdata): FreeSWITCH reads
 * POSIX rules ("CET-1CEST,M3.5.0,M10.5.0/3") from its configuration and no zoneinfo files. Each of
 * those ends with a line that holds exactly that rule for the time after its last entry (RFC 9636,
 * section 3.3). A mailbox whose tenant has a zone that is not in the table would announce nonsense.
 */
#include "cluster/render.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

#define ZONEINFO "/usr/share/zoneinfo"

enum {
    ZONE_FILE_MAX = 64 * 1024,
    ZONE_DEPTH_MAX = 3, /* America/Argentina/Salta */
};

/*
 * Adds a rule as FreeSWITCH's parser takes it, which knows no quoted names: <-03>3 becomes STD3,
 * and the second quoted name, that of summer time, DST.
 */
static void add_rule(struct buf *text, const char *rule, size_t len)
{
    const char *name = "STD";

    for (size_t i = 0; i < len; i++) {
        if (rule[i] != '<') {
            buf_add_char(text, rule[i]);
            continue;
        }
        buf_add_str(text, name);
        name = "DST";
        while (i < len && rule[i] != '>')
            i++;
    }
}

static bool is_rule(const char *rule, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)rule[i]) && !strchr("<>,./:+-", rule[i]))
            return false;
    return len > 0;
}

/* The rule is between the last two newlines. Files without one (and what is no zone) are passed. */
static void add_zone(struct buf *text, const char *path)
{
    struct buf data;
    const char *rule;

    buf_init(&data, ZONE_FILE_MAX);
    if (!file_read(path, &data, NULL) && data.len > 5 && memcmp(data.data, "TZif", 4) == 0 &&
        data.data[data.len - 1] == '\n') {
        rule = memrchr(data.data, '\n', data.len - 1);
        if (rule && is_rule(rule + 1, (size_t)(data.data + data.len - 2 - rule))) {
            buf_printf(text, "    <zone name=\"%s\" value=\"", path + strlen(ZONEINFO "/"));
            add_rule(text, rule + 1, (size_t)(data.data + data.len - 2 - rule));
            buf_add_str(text, "\"/>\n");
        }
    }
    buf_free(&data);
}

/* Every zone below a folder, in any order. A folder that is not there has none. */
static void add_zones(struct buf *text, const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[PATH_MAX];
    struct stat st;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        /* posix/ and right/ hold all of them again. */
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "posix") == 0 ||
            strcmp(entry->d_name, "right") == 0 || !str_is_plain_path(entry->d_name) ||
            str_printf(path, sizeof(path), "%s/%s", folder, entry->d_name) || stat(path, &st))
            continue;
        if (S_ISREG(st.st_mode))
            add_zone(text, path);
        else if (S_ISDIR(st.st_mode) && depth < ZONE_DEPTH_MAX)
            add_zones(text, path, depth + 1);
    }
    closedir(dir);
}

int render_timezones(const struct render *render, struct err *err)
{
    char folder[PATH_MAX];
    struct buf text;
    int res;

    res = str_printf(folder, sizeof(folder), "%s/etc.next/freeswitch/autoload_configs",
                     render->state);
    res = res ? err_sys(err, res, "%s", render->state) : file_make_dirs(folder, 0750, err);
    if (res)
        return res;
    buf_init(&text, RENDER_FILE_MAX);
    buf_add_str(&text, "<!-- Written by `dialplane render`, from " ZONEINFO ". -->\n"
                       "<configuration name=\"timezones.conf\">\n"
                       "  <timezones>\n");
    add_zones(&text, ZONEINFO, 1);
    buf_add_str(&text, "  </timezones>\n</configuration>\n");
    return render_put(render, "freeswitch/autoload_configs/timezones.conf.xml", 0644, &text, err);
}
