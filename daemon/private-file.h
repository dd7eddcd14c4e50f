/* Files in the state directory: opened only if nobody else has had a hand in them. */
#pragma once

#include <limits.h>

#include "lib/util.h"

/* Returns error; *ret_error is a sentence (malloc'ed, NULL without memory). */
int private_file_fail(char **ret_error, int error, const char *format, ...) _printf_(3, 4);

/* Opens NAME in the directory; path is for the sentence. Takes a wider mode than
   0600 from it. -ENOENT (without a sentence): it is not there. An error if it is a symbolic link,
   no regular file, or another user's. On failure *ret_error as above. */
int private_file_open(int directory_fd, const char *name, const char *path, int *ret_fd,
                      char **ret_error);

/* NAME.WHY-<time>, under which nothing is kept yet. The caller holds the directory's lock. */
int private_file_free_name(int directory_fd, const char *name, const char *why,
                           char ret_name[static NAME_MAX]);
