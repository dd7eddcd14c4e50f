/* Tries the key files and keytabs that a configuration names, each once. */
#pragma once

#include "config/key-file.h"
#include "config/loader.h"

typedef struct KeyCheck {
        void *files; /* of tsearch(3) */
} KeyCheck;

/* A file that was tried. */
typedef struct KeyCheckFile {
        ConfigKeyId key; /* what it is taken for: KEY_KEY_FILE or KEY_KEYTAB */
        int result;      /* 0 or a negative errno, with a sentence in error */
        bool others_read;
        bool is_weak; /* the key's algorithm is */
        bool told;
        char *path;
        char *error;
} KeyCheckFile;

/* Turns the scope's own KeyFile= or Keytab= into a path, loads the key there and forgets it again.
   What is wrong with it goes into the report. */
void key_check(KeyCheck *check, Loader *loader, Scope *scope, ConfigKeyId id);

/* Tries the keytab at its default path, where there may well be none: nothing goes into the report.
   The check's; NULL without memory. */
const KeyCheckFile *key_check_default_keytab(KeyCheck *check, Loader *loader);

void key_check_done(KeyCheck *check);
