/* A directory of configuration files, and what config_load() makes of it. */
#pragma once

#include <stddef.h>

#include "config/config.h"

typedef struct ConfigBox {
        char directory[40];
        int result;
        Config *config;
        ConfigReport report;
        char *text; /* the report, a line each, the directory left out of it */
} ConfigBox;

/* A new directory below /tmp; aborts when it cannot. */
ConfigBox *config_box_new(void);
/* Removes the directory. */
void config_box_free(ConfigBox *box);

/* Writes a file (name may be "c.conf.d/10.conf"; the directory is made). */
void config_box_write(ConfigBox *box, const char *name, const char *text);
void config_box_write_bytes(ConfigBox *box, const char *name, const void *bytes, size_t size);
/* The file's full path, in a buffer that the next call overwrites. */
const char *config_box_path(const ConfigBox *box, const char *name);

/* What config_load() finds at the default path of Keytab= from now on, whatever this machine has
   there: a file of the box, or with NULL, as at first, none. */
void config_box_set_default_keytab(const ConfigBox *box, const char *name);

/* Loads c.conf in place of what was loaded before; credentials may be NULL. */
void config_box_load(ConfigBox *box, const char *credentials);
/* Writes text as c.conf and loads it. */
void config_box_read(ConfigBox *box, const char *text);
