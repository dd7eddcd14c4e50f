/* What an operator who withdrew a domain by command meant by it: another wish is another domain. */
#pragma once

#include "config/config.h"

uint64_t fingerprint_of(const Config *config, const Domain *domain);
