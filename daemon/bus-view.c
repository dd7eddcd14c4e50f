/* What bus clients see of a publication: all of a DriverView, with times of the wall clock, and
   what is next in one word.

   A string that is not UTF-8 would cost us the connection: the bus ends it. Ours are, unless one
   was cut within a character. */

#include "daemon/bus-view.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/util.h"

static const char *const modes[_MODE_MAX] = {
        [MODE_SHARED] = "shared",
        [MODE_EXCLUSIVE] = "exclusive",
        [MODE_OBSERVE] = "observe",
};

static const struct {
        unsigned note;
        const char *text;
} notes[] = {
        {PLAN_NOTE_NUMBERS_OF_OTHER, "numbers-of-other"},
        {PLAN_NOTE_ALSO_CLAIMED, "also-claimed"},
        {PLAN_NOTE_CLAIM_GONE, "claim-gone"},
        {PLAN_NOTE_FOREIGN_BESIDE, "foreign-beside"},
        {PLAN_NOTE_STAYS_CLAIMED, "stays-claimed"},
        {PLAN_NOTE_RECLAIMS, "reclaims"},
        {PLAN_NOTE_TAKES_OVER, "takes-over"},
        {PLAN_NOTE_STRAYS, "strays"},
};

static uint64_t clock_usec(clockid_t clock) {
        struct timespec now;

        if (clock_gettime(clock, &now) < 0)
                return 0;
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

BusClock bus_clock_now(void) {
        return (BusClock){clock_usec(CLOCK_BOOTTIME), clock_usec(CLOCK_REALTIME)};
}

/* 0 for never. */
static uint64_t real_time(const BusClock *clock, uint64_t boot_usec) {
        uint64_t ago_usec;

        if (boot_usec == USEC_INFINITY)
                return 0;
        if (boot_usec >= clock->boot_usec)
                return clock->real_usec + (boot_usec - clock->boot_usec);
        ago_usec = clock->boot_usec - boot_usec;
        return ago_usec < clock->real_usec ? clock->real_usec - ago_usec : 0;
}

/* How many octets the character has that begins here (RFC 3629); 0: it is none, or a control
   character other than those of layout. */
static size_t character_size(const unsigned char *c) {
        size_t n = c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;

        if (c[0] < 0x80)
                return (c[0] >= ' ' && c[0] != 0x7f) || c[0] == '\n' || c[0] == '\t';
        for (size_t i = 1; i < n; i++)
                if ((c[i] & 0xc0) != 0x80)
                        return 0;
        if ((c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xe0 && c[1] < 0xa0) ||
            (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
            (c[0] == 0xf4 && c[1] > 0x8f))
                return 0;
        return n;
}

/* The first octet that is not part of a text. */
static char *find_bad(const char *text) {
        size_t n;

        for (; *text && (n = character_size((const unsigned char *)text)) > 0; text += n)
                ;
        return (char *)text;
}

void bus_clean_text(char *text) {
        while (*(text = find_bad(text)))
                *text = '?';
}

int bus_append_text(sd_bus_message *message, const char *text) {
        _cleanup_(freep) char *copy = NULL;

        if (*find_bad(text)) {
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
                bus_clean_text(copy);
                text = copy;
        }
        return sd_bus_message_append_basic(message, 's', text);
}

static const char *next_action(const DriverView *view) {
        if (view->busy)
                return "now";
        if (view->due_usec == USEC_INFINITY)
                return "none";
        switch (view->state) {
        case PUBLICATION_LOCATING:
        case PUBLICATION_PUBLISHING:
                return "publish";
        case PUBLICATION_PUBLISHED:
        case PUBLICATION_STANDBY:
        case PUBLICATION_OBSERVED:
        case PUBLICATION_WITHDRAWN:
                return "check";
        case PUBLICATION_DENIED:
        case PUBLICATION_FAILED:
                return "retry";
        case PUBLICATION_WITHDRAWING:
                return "withdraw";
        case _PUBLICATION_STATE_MAX:
                break;
        }
        return "none";
}

static int append_srvs(sd_bus_message *message, const Driver *driver, size_t n) {
        char text[SRV_TEXT_MAX];
        int r = sd_bus_message_open_container(message, 'a', "s");

        for (size_t i = 0; r >= 0 && i < n; i++) {
                Srv srv = driver_srv(driver, i);
                r = bus_append_text(message, srv_to_text(&srv, text));
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_notes(sd_bus_message *message, unsigned seen) {
        int r = sd_bus_message_open_container(message, 'a', "s");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(notes); i++)
                if (seen & notes[i].note)
                        r = sd_bus_message_append_basic(message, 's', notes[i].text);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_texts(sd_bus_message *message, const char *const texts[], size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = bus_append_text(message, texts[i]);
        return r;
}

int bus_append_publication(sd_bus_message *message, const Driver *driver, const DriverView *view,
                           const BusClock *clock) {
        const char *const names[] = {view->domain, view->record};
        const char *const places[] = {view->zone, view->server, next_action(view)};
        uint64_t next_usec = view->busy ? clock->real_usec : real_time(clock, view->due_usec);
        int r;

        if ((r = sd_bus_message_open_container(message, 'r', BUS_PUBLICATION_TYPES)) < 0 ||
            (r = append_texts(message, names, ELEMENTSOF(names))) < 0 ||
            (r = append_srvs(message, driver, view->n_srv)) < 0 ||
            (r = sd_bus_message_append(message, "ssbt", publication_state_to_string(view->state),
                                       modes[view->mode], view->held,
                                       real_time(clock, view->since_usec))) < 0 ||
            (r = append_texts(message, places, ELEMENTSOF(places))) < 0 ||
            (r = sd_bus_message_append_basic(message, 't', &next_usec)) < 0 ||
            (r = bus_append_text(message, view->trouble)) < 0 ||
            (r = sd_bus_message_append(message, "uu", view->ttl, (uint32_t)view->n_foreign)) < 0 ||
            (r = append_notes(message, view->notes)) < 0)
                return r;
        return sd_bus_message_close_container(message);
}

int bus_append_plan(sd_bus_message *message, const FleetPlan *plan) {
        const char *const texts[] = {plan->domain,  plan->record, plan->zone,  plan->server,
                                     plan->verdict, plan->text,   plan->script};
        int r;

        if ((r = sd_bus_message_append(message, "b", plan->well)) < 0 ||
            (r = append_texts(message, texts, ELEMENTSOF(texts))) < 0)
                return r;
        return sd_bus_message_append(message, "b", plan->takes_over);
}
