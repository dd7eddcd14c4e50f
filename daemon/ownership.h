/* News of ownership: what others have at a record name, and what follows for us (O1, O5-O10). */
#pragma once

#include "daemon/news.h"

/* Each thing once, and again when it has gone and come back. */
void ownership_tell(News *news, const NewsSource *source, Summary *summary);

/* Standby: who holds the name. */
void ownership_tell_standby(News *news, const NewsSource *source, Summary *summary);

/* Mode=observe: what would be written. */
void ownership_tell_observed(News *news, const NewsSource *source, Summary *summary);
