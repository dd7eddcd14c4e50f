/* This machine's fully qualified domain name, asked for off the loop, and kept. */
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

/* Called when the name has become another (text is NULL), and after each look while there is none,
   text says why. */
typedef void (*FqdnHandler)(const char *text, void *userdata);

int fqdn_new(sd_event *event, Worker *worker, FqdnHandler handler, void *userdata, Fqdn **ret_fqdn);
Fqdn *fqdn_free(Fqdn *fqdn);

/* Whether the name is wanted: then it is looked at now, and again from time to time. */
void fqdn_want(Fqdn *fqdn, bool is_wanted);

/* As last found; NULL: it is not known. */
const char *fqdn_name(const Fqdn *fqdn);
