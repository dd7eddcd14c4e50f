/* What Security= and the files beside it come to, and whether that is enough. */
#pragma once

#include "config/check-key.h"

/* What the scope itself says, before it inherits: contradictions, and each file that it names. */
void security_check_own(Loader *loader, KeyCheck *keys, Scope *scope);

/* Afterwards: auto becomes what it stands for, and RefreshInterval= has the default that goes with
   it. The global scope comes first. */
void security_resolve(Loader *loader, KeyCheck *keys, Scope *scope);

/* When every scope is resolved and tied to its entry of the list: domains without credentials, and
   what is set for nothing. */
void security_check_domains(Loader *loader, KeyCheck *keys);
