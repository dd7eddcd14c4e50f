/* Reads a TSIG key file, or tries a keytab: bounded, with a look at who else can read it. */
#pragma once

#include "lib/tsig-key.h"

enum {
        KEY_FILE_ERROR_MAX = 400,
        KEYTAB_FILE_MAX = 1024 * 1024, /* octets; one of a host has some hundred */
};

/* Reads and parses the key at path. 0, or a negative errno with a sentence in error (no secret in
   it, the path and the line in it). *ret_others_read is set when the mode lets others read it.
   A file over TSIG_KEY_FILE_MAX or that is no regular file is -EINVAL. */
int key_file_load(const char *path, TsigKey *ret_key, bool *ret_others_read,
                  char error[static KEY_FILE_ERROR_MAX]);

/* Whether the file at path is a keytab, as far as its size and beginning tell: its keys are for the
   Kerberos library alone. The same results. */
int keytab_file_check(const char *path, bool *ret_others_read,
                      char error[static KEY_FILE_ERROR_MAX]);
