/* Tries the key files that a configuration names, each once. */
#pragma once

#include "config/loader.h"

typedef struct KeyCheck {
        void *paths; /* of tsearch(3) */
} KeyCheck;

/* Turns the scope's own KeyFile= into a path, loads the key there and forgets it again. What is
   wrong with it goes into the report. */
void key_check(KeyCheck *check, Loader *loader, Scope *scope);
void key_check_done(KeyCheck *check);
