/* What every sentence of lib/explain is held to. */
#pragma once

#include <stdbool.h>

#include "lib/explain.h"

/* Not empty, not cut, no full stop (the caller sets it), no hole where a name should be. */
bool text_is_well_written(const char *text);

/* A name of 253 characters that needs no escapes. */
void make_longest_name(char text[static 254], const char *start, const char *end);

/* Explains, and fails unless both sentences are well written and the cause is the same for every
   domain. */
void explain_well(const Trouble *trouble, const ExplainContext *context,
                  Explanation *ret_explanation);

/* Fails unless text has these words, one behind the other; NULL ends them. */
void assert_words_in_order(const char *text, const char *const *words, size_t n_words);
