/* A plan, as the daemon tells of it. */
#pragma once

#include <stdbool.h>

#include "daemon/ctl/client.h"

/* Strings are borrowed from the reply. */
typedef struct CtlPlan {
        int well; /* ints, as sd_bus_message_read() wants them */
        const char *domain;
        const char *record;
        const char *zone;
        const char *server;
        const char *verdict;
        const char *text;
        const char *script;
        int takes_over;
} CtlPlan;

CtlExit plan_read(sd_bus_message *reply, CtlPlan *ret_plan);

/* For people: where, what it comes to, and a line for each record. */
void plan_print(const CtlPlan *plan);
