/*
 * Menus, queues and conferences: what FreeSWITCH takes for a part of its configuration files, asked
 * for by the name that the dialplan gives it. What all of them share (settings of a module, keys of
 * a conference) is in conf/freeswitch.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

/* A file, and how the thing that is asked for is named. */
static const struct file {
    const char *name;
    size_t asked;   /* of struct fs_request: the string with the name */
    char separator; /* '/': <domain>/<id>, '@': <id>@<domain> */
    int (*add)(struct xml *xml, const struct snapshot *snapshot, int64_t id, const char *name);
} files[] = {
    {"callcenter.conf", offsetof(struct fs_request, queue), '@', configuration_queue},
    {"conference.conf", offsetof(struct fs_request, conference), '/', configuration_conference},
    {"conference.conf", offsetof(struct fs_request, controls), '/', configuration_controls},
    {"ivr.conf", offsetof(struct fs_request, menu), '/', configuration_menu},
};

static const char *asked_name(const struct file *file, const struct fs_request *request)
{
    return *(const char *const *)((const char *)request + file->asked);
}

/* Of the file that is asked for, what is named. */
static const struct file *find_file(const struct fs_request *request)
{
    for (size_t i = 0; i < DP_COUNT(files); i++) {
        if (strcmp(files[i].name, request->key_value) == 0 && asked_name(&files[i], request)[0])
            return &files[i];
    }
    return NULL;
}

static int parse_name(const struct file *file, const char *name, char domain[FS_DOMAIN_SIZE],
                      int64_t *id)
{
    const char *separator = strchr(name, file->separator);
    char left[FS_DOMAIN_SIZE];
    const char *right;
    uint64_t number;

    if (!separator || separator - name >= FS_DOMAIN_SIZE)
        return -ENOENT;
    memcpy(left, name, (size_t)(separator - name));
    left[separator - name] = '\0';
    right = separator + 1;
    if (str_to_u64(file->separator == '@' ? left : right, 1, INT64_MAX, &number) ||
        str_copy(domain, FS_DOMAIN_SIZE, file->separator == '@' ? right : left))
        return -ENOENT;
    *id = (int64_t)number;
    return 0;
}

int configuration_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    const struct file *file = find_file(request);
    int64_t id;

    return file ? parse_name(file, asked_name(file, request), out, &id) : -ENOENT;
}

int configuration_document(const struct fs_request *request, const struct snapshot *snapshot,
                           struct buf *out)
{
    const struct file *file = find_file(request);
    char domain[FS_DOMAIN_SIZE];
    struct xml xml;
    int64_t id;
    int res;

    if (!file || parse_name(file, asked_name(file, request), domain, &id))
        return -ENOENT;
    doc_open(&xml, out, "configuration");
    xml_open(&xml, "configuration");
    xml_attr(&xml, "name", file->name);
    res = file->add(&xml, snapshot, id, asked_name(file, request));
    return res ? res : xml_finish(&xml);
}
