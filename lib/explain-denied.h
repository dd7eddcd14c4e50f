/* An update that Active Directory or a Kerberos policy refuses, in words. */
#pragma once

#include "lib/explain.h"

/* Of TROUBLE_DENIED with SECURITY_GSS at an update. rcode: explain_rcode(). */
void explain_denied_account(const Trouble *trouble, const ExplainContext *context,
                            const char *rcode, Explanation *ret_explanation);
