/* stat(2): a file that is written anew, or another one under its name, differs in one of these. */

#include "daemon/file-identity.h"

FileIdentity file_identity_of(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return (FileIdentity){0};
        return (FileIdentity){.device = st.st_dev,
                              .inode = st.st_ino,
                              .size = st.st_size,
                              .mtime = st.st_mtim,
                              .ctime = st.st_ctim};
}

static bool time_equal(struct timespec a, struct timespec b) {
        return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_identity_equal(const FileIdentity *a, const FileIdentity *b) {
        return a->inode != 0 && a->device == b->device && a->inode == b->inode &&
               a->size == b->size && time_equal(a->mtime, b->mtime) &&
               time_equal(a->ctime, b->ctime);
}
