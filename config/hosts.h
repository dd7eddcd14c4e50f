/* The [Host NAME] sections: read, checked, and moved into the Config. */
#pragma once

#include "config/loader.h"

/* Begins a section, or goes on with the host's former one; text is what stands behind "Host" in
   the brackets. Borrowed until the next call. NULL, with the report saying why: no such section. */
HostSection *hosts_section(Loader *loader, Source source, const char *text);

/* When every file is read: takes what a host does not set from [Service], and reports a host that
   is the configured target. */
void hosts_check(Loader *loader);

/* Fills the Config's hosts. -ENOMEM. */
int hosts_finish(Loader *loader);
void hosts_done(Loader *loader);
