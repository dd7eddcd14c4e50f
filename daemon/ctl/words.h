/* Times, states and notes as a person reads them. */
#pragma once

#include <stdint.h>

enum {
        WORDS_MAX = 64,
};

/* The two largest units: "2h 5min", "3d", "0s"; months and years are too vague. Returns buffer. */
const char *words_duration(uint64_t usec, char buffer[static WORDS_MAX]);

/* "2h 5min ago"; "" for a time of 0, which is none. */
const char *words_ago(uint64_t then_usec, uint64_t now_usec, char buffer[static WORDS_MAX]);

/* What is next, in a word of the daemon's, and when: "check in 12min 3s", "now"; "-" nothing. */
const char *words_next(const char *next, uint64_t then_usec, uint64_t now_usec,
                       char buffer[static WORDS_MAX]);

/* "2026-11-22T11:43:03Z", and as people write it, "2026-11-22 11:43:03 UTC"; both of UTC. */
const char *words_time_json(uint64_t usec, char buffer[static WORDS_MAX]);
const char *words_time(uint64_t usec, char buffer[static WORDS_MAX]);

/* A sentence for a note of the daemon's; the word itself if it is not known. */
const char *words_note(const char *note);

/* The escape sequence that shows a state in its colour; NULL: none. */
const char *words_colour(const char *state);
