/* This machine's fully qualified domain name, asked for off the loop. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/worker.h"

typedef struct Fqdn Fqdn;

enum {
        FQDN_MAX = 256,
        FQDN_ERROR_MAX = 400,
};

/* BLOCKS: for a thread. This machine's name, at least two labels and no final dot; false: none can
   be determined, and error says why. */
bool fqdn_find(char ret_name[static FQDN_MAX], char error[static FQDN_ERROR_MAX]);

/* Called after each look: name has at least two labels and no final dot; NULL: none can be
   determined, and text says why. */
typedef void (*FqdnHandler)(const char *name, const char *text, void *userdata);

/* Looks now, and again when asked. */
int fqdn_new(sd_event *event, Worker *worker, FqdnHandler handler, void *userdata, Fqdn **ret_fqdn);
Fqdn *fqdn_free(Fqdn *fqdn);

/* Looks again unless a look is under way. */
void fqdn_look(Fqdn *fqdn);
