/* What a state begins with. For daemon/state alone. */
#pragma once

#include "daemon/state-directory.h"
#include "daemon/state-file.h"
#include "lib/claim.h"

/* Loads our id, or draws it. On a clone of another machine its state goes aside, and a new id is
   drawn. What was set aside is said in *set_aside, a malloc'ed sentence (NULL before: nothing),
   which the next function goes on with; *ret_error as in state_directory_open(). */
int state_start_identity(StateDirectory *directory, const char *machine_id_file,
                         PublisherId *ret_id, char **set_aside, char **ret_error);

/* Opens state.db, and makes it where it is missing or has to go aside. */
int state_start_file(StateDirectory *directory, StateFile **ret_file, char **set_aside,
                     char **ret_error);
