/* A replayed history tells what happens in it; without a file nothing is written. */
#pragma once

#include <stdio.h>

#include "tests/unit/support_model_rules.h"

void model_trace_plan(FILE *file, uint8_t who, const Plan *plan);
void model_trace_message(FILE *file, const char *what, const ModelMessage *message);
void model_trace_applied(FILE *file, uint8_t who, ldns_pkt_rcode rcode,
                         const ModelContents *contents);
void model_trace_end(FILE *file, const ModelParty *party, const Publication *publication);
