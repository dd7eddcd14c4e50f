/* Who this publisher is: its id, kept in the state directory beside a hash of the machine id. */
#pragma once

#include "lib/claim.h"

/* What tells one machine from its clone; tests have another. */
#define MACHINE_ID_FILE "/etc/machine-id"

/* Reads DIRECTORY/publisher-id, or draws an id and writes the file (0600, complete or not at all,
   durable before this returns). machine_id_file: MACHINE_ID_FILE; what is no machine id counts as
   nothing, which is no clone of anything. The caller holds the directory's lock.
   *ret_cloned: the file is another machine's. Nothing was changed then and *ret_id is not written:
   the caller first sets aside the state, which is not ours either, and then calls identity_renew(),
   so that a kill in between is no more than a second try. A file that cannot be understood counts
   as lost: set aside as publisher-id.bad-<time>, *ret_lost says so in a sentence (malloc'ed, else
   NULL); also one that is missing where there is a state (has_state). On failure a negative errno
   and *ret_error, a sentence with the path (malloc'ed). */
int identity_load(const char *directory, const char *machine_id_file, bool has_state,
                  PublisherId *ret_id, bool *ret_cloned, char **ret_lost, char **ret_error);

/* Sets the file of another machine aside as publisher-id.clone-<time> and draws an id. */
int identity_renew(const char *directory, const char *machine_id_file, PublisherId *ret_id,
                   char **ret_error);

/* What they would come to, without writing anything, for --dry-run: an id of zeros where one would
   be drawn. */
int identity_look(const char *directory, const char *machine_id_file, PublisherId *ret_id,
                  bool *ret_cloned);
