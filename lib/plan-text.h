/* A plan in words for people: what is added, removed, and left as it is. */
#pragma once

#include "lib/observation.h"
#include "lib/plan.h"

/* A line for each record: "+" is added, "-" is removed, " " stays; whose it is in brackets. One
   malloc'ed string, the caller's, each line with its newline. -ENOMEM. */
int plan_to_text(const Plan *plan, const Observation *observation, const PublisherId *id,
                 char **ret_text);

/* The same in one line: "would add ..., would remove ..."; "all is in order". -ENOMEM. */
int plan_to_line(const Plan *plan, char **ret_text);
