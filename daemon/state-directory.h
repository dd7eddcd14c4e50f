/* The state directory: made, locked, and the files in it looked at before SQLite opens them. */
#pragma once

#include <stdbool.h>

#define STATE_FILE_NAME "state.db"

typedef struct StateDirectory {
        char *path; /* without symbolic links */
        char *file; /* the path of state.db in it */
        int fd;
        int lock_fd;
} StateDirectory;

/* Makes the directory if it is missing (0700, not its parents) and locks it until done: the kernel
   unlocks when the process ends, however it ends. -EBUSY: another process holds it. On failure
   *ret_error (malloc'ed) is a sentence with the path; so in all functions here. */
int state_directory_open(const char *path, StateDirectory *ret_directory, char **ret_error);
void state_directory_done(StateDirectory *directory);

/* Whether state.db is there. Takes a wider mode than 0600 from it; an error if it is a symbolic
   link, no regular file, or another user's. */
int state_directory_find_file(StateDirectory *directory, bool *ret_found, char **ret_error);

/* Renames state.db and what belongs to it, durably, to state.db.WHY-<time>; *ret_path is its new
   path. */
int state_directory_set_aside(StateDirectory *directory, const char *why, char **ret_path,
                              char **ret_error);

/* Makes an empty state.db: it appears complete or not at all. */
int state_directory_make_file(StateDirectory *directory, char **ret_error);
