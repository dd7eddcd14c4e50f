/* Publications and plans as JSON; the keys are described in srvpubctl(1). */
#pragma once

#include <jansson.h>

#include "daemon/ctl/publication.h"

/* What failed on the way there is NULL: no memory, or text that is none. */
json_t *json_of_publication(const CtlPublication *publication);

/* Prints an element of an array, or with is_only a document of its own, and releases it. -ENOMEM
   for NULL. */
int json_print(json_t *json, bool is_first, bool is_only);
