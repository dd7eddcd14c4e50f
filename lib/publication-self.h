/* The inside of a publication, for its own files: publication (its steps) and publication-end (how
   a pass ends). */
#pragma once

#include "lib/publication.h"

/* RFC 2136 7.20: at least so long after what was in the way. */
#define CONFLICT_DELAY_MIN_USEC (20 * USEC_PER_MSEC)

void publication_enter(Publication *p, PublicationState state, uint64_t now_usec);

/* The state of a pass that has no result yet, and entering it where no former result is in sight.
 */
PublicationState publication_working_state(const Publication *p);
void publication_enter_working(Publication *p, uint64_t now_usec);

PublicationStep publication_go_on(PublicationAction action);
PublicationStep publication_end_pass(Publication *p);

/* E8: decided once, when a pass begins: while it lasts its claims are as the refresh needs them. */
bool publication_refresh_is_due(const Publication *p, const PublicationTimes *times,
                                uint64_t now_usec);

/* E8: due_usec is the next regular check; random says where in the interval the first one is. */
void publication_plan_check(Publication *p, const PublicationTimes *times, uint32_t random,
                            uint64_t now_usec);

/* Nothing is left to do, as far as can be known. random: a fresh number, for jitter. */
PublicationStep publication_end_well(Publication *p, const PublicationTimes *times, uint32_t random,
                                     uint64_t now_usec);
PublicationStep publication_end_badly(Publication *p, const PublicationTimes *times,
                                      uint32_t random, uint64_t now_usec);

/* Of several servers' troubles the highest is kept, of equal ones the first. */
void publication_keep_trouble(Publication *p, const Trouble *trouble);
