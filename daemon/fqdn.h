/* This machine's fully qualified domain name, asked for off the loop. */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/worker.h"

typedef struct Fqdn Fqdn;

/* Called after each look: name has at least two labels and no final dot; NULL: none can be
   determined, and text says why. */
typedef void (*FqdnHandler)(const char *name, const char *text, void *userdata);

/* Looks now, and again when asked. */
int fqdn_new(sd_event *event, Worker *worker, FqdnHandler handler, void *userdata, Fqdn **ret_fqdn);
Fqdn *fqdn_free(Fqdn *fqdn);

/* Looks again unless a look is under way. */
void fqdn_look(Fqdn *fqdn);
