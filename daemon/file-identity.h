/* Which file a path leads to, and in which state: to notice that it was changed or replaced. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* A plain value; all zero: there is none. */
typedef struct FileIdentity {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec mtime, ctime;
} FileIdentity;

/* All zero where it cannot be looked at. */
FileIdentity file_identity_of(const char *path);

/* A file that is not there is no other's like. */
bool file_identity_equal(const FileIdentity *a, const FileIdentity *b);
