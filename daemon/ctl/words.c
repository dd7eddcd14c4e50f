/* The words that the daemon uses on the bus are fixed and short; these are for people. A word that
   is not known is of a newer daemon, and shown as it is. */

#include "daemon/ctl/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/util.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"

static const struct {
        uint64_t usec;
        const char *name;
} units[] = {
        {USEC_PER_DAY, "d"},
        {USEC_PER_HOUR, "h"},
        {USEC_PER_MINUTE, "min"},
        {USEC_PER_SEC, "s"},
};

static const struct {
        const char *note;
        const char *sentence;
} notes[] = {
        {"numbers-of-other", "another publisher's claim decides priority and weight of our record"},
        {"also-claimed", "another publisher claims our record too: it goes with the last claim"},
        {"claim-gone", "our claim is gone from a record of ours: it is left alone now"},
        {"foreign-beside", "exclusive, but records of others stand beside ours"},
        {"stays-claimed", "no longer wanted here, but another publisher claims it: it stays"},
        {"reclaims", "removes what a dead publisher has left"},
        {"takes-over", "takes over another host's record"},
        {"strays", "claims with our own id come back: another machine runs with it; left alone"},
};

static const struct {
        const char *state;
        const char *colour;
} colours[] = {
        {"published", GREEN}, {"observed", GREEN}, {"denied", RED},
        {"failed", RED},      {"standby", YELLOW}, {"withdrawing", YELLOW},
};

const char *words_duration(uint64_t usec, char buffer[static WORDS_MAX]) {
        size_t i = 0, last = ELEMENTSOF(units) - 1;
        uint64_t rest;
        int n;

        while (i < last && usec < units[i].usec)
                i++;
        n = snprintf(buffer, WORDS_MAX, "%" PRIu64 "%s", usec / units[i].usec, units[i].name);
        rest = i < last ? usec % units[i].usec / units[i + 1].usec : 0;
        if (rest > 0)
                (void)snprintf(buffer + n, WORDS_MAX - (size_t)n, " %" PRIu64 "%s", rest,
                               units[i + 1].name);
        return buffer;
}

const char *words_ago(uint64_t then_usec, uint64_t now_usec, char buffer[static WORDS_MAX]) {
        if (then_usec == 0)
                return "";
        (void)words_duration(now_usec > then_usec ? now_usec - then_usec : 0, buffer);
        (void)strcat(buffer, " ago");
        return buffer;
}

const char *words_next(const char *next, uint64_t then_usec, uint64_t now_usec,
                       char buffer[static WORDS_MAX]) {
        char duration[WORDS_MAX];

        if (strcmp(next, "none") == 0 || then_usec == 0)
                return "-";
        if (strcmp(next, "now") == 0)
                return "now";
        (void)snprintf(buffer, WORDS_MAX, "%.16s in %.40s", next,
                       words_duration(then_usec > now_usec ? then_usec - now_usec : 0, duration));
        return buffer;
}

static struct tm utc(uint64_t usec) {
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        struct tm parts = {0};

        (void)gmtime_r(&seconds, &parts);
        return parts;
}

const char *words_time_json(uint64_t usec, char buffer[static WORDS_MAX]) {
        struct tm parts = utc(usec);

        (void)strftime(buffer, WORDS_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts);
        return buffer;
}

const char *words_time(uint64_t usec, char buffer[static WORDS_MAX]) {
        struct tm parts = utc(usec);

        (void)strftime(buffer, WORDS_MAX, "%Y-%m-%d %H:%M:%S UTC", &parts);
        return buffer;
}

const char *words_note(const char *note) {
        for (size_t i = 0; i < ELEMENTSOF(notes); i++)
                if (strcmp(note, notes[i].note) == 0)
                        return notes[i].sentence;
        return note;
}

const char *words_colour(const char *state) {
        for (size_t i = 0; i < ELEMENTSOF(colours); i++)
                if (strcmp(state, colours[i].state) == 0)
                        return colours[i].colour;
        return NULL;
}
