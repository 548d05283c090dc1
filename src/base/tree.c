#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

enum { COPY_MAX = 16 << 20, OPEN_FOLDERS = 16 };

static int copy_entry(const char *from, const char *to, struct err *err)
{
    struct stat st;

    if (lstat(from, &st))
        return err_sys(err, -errno, "%s", from);
    if (S_ISDIR(st.st_mode))
        return tree_copy(from, to, err);
    if (S_ISREG(st.st_mode))
        return file_copy(from, to, COPY_MAX, st.st_mode & S_IXUSR ? 0755 : 0644, err);
    return err_set(err, -EINVAL, "%s: neither a file nor a folder", from);
}

int tree_copy(const char *from, const char *to, struct err *err)
{
    char source[PATH_MAX], target[PATH_MAX];
    const struct dirent *entry;
    DIR *dir;
    int res;

    dir = opendir(from);
    if (!dir)
        return err_sys(err, -errno, "folder %s", from);
    res = file_make_dirs(to, 0750, err);
    while (!res && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (str_printf(source, sizeof(source), "%s/%s", from, entry->d_name) ||
            str_printf(target, sizeof(target), "%s/%s", to, entry->d_name))
            res = err_sys(err, -ENAMETOOLONG, "%s/%s", from, entry->d_name);
        else
            res = copy_entry(source, target, err);
    }
    closedir(dir);
    return res;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

int tree_remove(const char *path, struct err *err)
{
    /* Depth first, without following links. */
    if (nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return 0;
    return err_sys(err, -errno, "removing %s", path);
}

int tree_replace(const char *path, const char *fresh, struct err *err)
{
    char old[PATH_MAX];
    int res;

    if (str_printf(old, sizeof(old), "%s.old", path))
        return err_sys(err, -ENAMETOOLONG, "%s", path);
    res = tree_remove(old, err);
    if (res)
        return res;
    if (rename(path, old) && errno != ENOENT)
        return err_sys(err, -errno, "replacing %s", path);
    if (rename(fresh, path))
        return err_sys(err, -errno, "replacing %s", path);
    return tree_remove(old, err);
}
