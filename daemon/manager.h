/* The daemon as a whole: configuration, memory and the drivers of all publications; start, reload,
   stop. */
#pragma once

#include <stdbool.h>

typedef struct Manager Manager;

typedef struct ManagerOptions {
        const char *config_file;
        const char *state_directory;
        int log_level; /* from the command line; -1: as the configuration says */
        bool once;
        bool dry_run;
} ManagerOptions;

enum {
        EXIT_OK = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_CONFIGURATION = 78, /* EX_CONFIG of sysexits.h; systemd does not restart on it */
};

/* Runs until it is told to stop, or with once or dry_run until all was seen to. Returns the exit
   status of the process; whatever is wrong has been logged. */
int manager_run(const ManagerOptions *options);

/* --check-config: says what is wrong, or nothing. Returns the exit status. */
int manager_check_config(const ManagerOptions *options);
