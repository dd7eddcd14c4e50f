/* What an operator who withdrew a domain by command meant by it: another wish is another domain. */
#pragma once

#include "config/config.h"

/* Changes with what the record says, where it is published and by whose right. It is kept on disk
   with a hold: for one and the same configuration it must stay what it is, in every version. */
uint64_t fingerprint_make(const Config *config, const Domain *domain);
