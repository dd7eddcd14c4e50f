/* state.db: one SQLite connection, the rows on it and the proof that they are what was written. */
#pragma once

#include "daemon/state.h"

typedef struct StateFile StateFile;

/* Makes tables in an empty file. On failure *ret_error (malloc'ed) is a sentence with the path; so
   in state_file_open(). */
int state_file_create(const char *path, char **ret_error);

/* Opens and examines a file of which the caller knows that it may be written; an older version's
   is migrated, all or nothing. -EBADMSG: damaged or not ours, set it aside. -EUCLEAN: a newer
   version's, left as it was. */
int state_file_open(const char *path, StateFile **ret_file, char **ret_error);
/* For state_file_each() alone: changes nothing, not even beside the file, and waits for no one.
   What a commit at this very moment leaves half seen is -EBADMSG. */
int state_file_open_to_look(const char *path, StateFile **ret_file, char **ret_error);
StateFile *state_file_close(StateFile *file);

/* See state_each() and state_each_hold(). -EBADMSG: a row or the whole is not what was written. */
int state_file_each(StateFile *file, size_t limit,
                    int (*on_row)(const StateRow *row, void *userdata), void *userdata);
int state_file_each_hold(StateFile *file,
                         int (*on_hold)(const char *record, uint64_t fingerprint, void *userdata),
                         void *userdata);

/* One transaction: begin, any number of writes, commit. After a failure of any of them only
   state_file_rollback() is allowed, which leaves the file as it was before begin. */
int state_file_begin(StateFile *file);
int state_file_put(StateFile *file, const StateRow *row);
int state_file_remove(StateFile *file, const StateRow *key);
int state_file_hold(StateFile *file, const char *record, uint64_t fingerprint);
int state_file_unhold(StateFile *file, const char *record);
int state_file_commit(StateFile *file);
void state_file_rollback(StateFile *file);

/* See state_trim(). Outside of a transaction. */
void state_file_trim(StateFile *file);

/* What failed last: path and cause. The file's, until the next failure. */
const char *state_file_error(const StateFile *file);
