/* What Kerberos and TKEY say, in words. */
#pragma once

#include "lib/explain.h"

/* Of TROUBLE_NO_CREDENTIALS and TROUBLE_NO_CONTEXT with a fault. */
void explain_gss(GssFault fault, const ExplainContext *context, Explanation *ret_explanation);

/* Of TROUBLE_NO_CONTEXT without one: an answer to TKEY. rcode: explain_rcode(). */
void explain_tkey(const Trouble *trouble, const ExplainContext *context, const char *rcode,
                  Explanation *ret_explanation);

/* Of TROUBLE_BAD_KEY with SECURITY_GSS: a context that was negotiated a moment ago is not known. */
void explain_lost_context(const ExplainContext *context, const char *rcode,
                          Explanation *ret_explanation);
