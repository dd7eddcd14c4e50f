/* Reads the configuration and tells what is wrong with it: at the start at once, later off the
   loop. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config/config.h"

typedef struct Loading Loading;

/* BLOCKS. *ret_config is the caller's; errors as config_load(). */
int loading_now(const char *file, Config **ret_config);

/* config is the handler's; NULL: it cannot be used, as was said. */
typedef void (*LoadingHandler)(Config *config, void *userdata);

/* file is borrowed. */
int loading_new(sd_event *event, const char *file, LoadingHandler handler, void *userdata,
                Loading **ret_loading);
Loading *loading_free(Loading *loading);

/* Begins; the handler is called once, from the loop. Not while it is busy. */
int loading_begin(Loading *loading);
bool loading_is_busy(const Loading *loading);
