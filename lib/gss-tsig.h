/* GSS-TSIG: TSIG whose MACs are the signatures of a GSS-API context (RFC 3645 2.2, 4.3). */
#pragma once

#include "lib/gss.h"
#include "lib/tsig.h"

/* For tsig_sign() and tsig_verify(), neither of which blocks. The context must be complete, and is
   taken over on success; key_name is what it was negotiated under (lib/tkey.h). A tsig_sign() ends
   with -EKEYEXPIRED when the context is over, with -EKEYREJECTED when it cannot sign. -ENOMEM. */
int gss_tsig_new(GssContext *context, const Name *key_name, TsigContext **ret_context);
