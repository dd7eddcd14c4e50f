/* What this daemon has published, durable (SQLite): the memory that withdrawals need (rule O13).
   Writes are gathered while a commit is under way and committed together, off the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/auth.h"
#include "lib/claim.h"

typedef struct State State;

/* One offer at one record name: where it was published and by which means. Strings of a row given
   to a function are copied; strings handed out belong to the state. Key: record, target, port. */
typedef struct StateRow {
        const char *record; /* record name, text without the final dot */
        const char *target;
        uint16_t port;
        const char *domain;
        const char *zone;    /* apex */
        const char *servers; /* Server= as it was then, blank-separated, "" when discovered */
        const char *primary; /* endpoint text of the server that took the update, "" unknown */
        bool zone_given;     /* Zone= was set */
        Security security;
        const char *key_file;  /* "" without; so are the next three */
        const char *keytab;    /* with SECURITY_GSS */
        const char *principal; /* Principal= as it was then, not what the keytab made of it */
        const char *realm;     /* likewise */
        bool derived;          /* the target was this machine's FQDN, not configured */
        bool confirmed;        /* false: intent only, the update may not have arrived */
        bool claimed;          /* a read-back has seen it with our claim (O1 c) */
        uint16_t priority;     /* the numbers as they are configured ... */
        uint16_t weight;
        uint64_t since_sec; /* ... since then (O5); 0: not known */
} StateRow;

/* Opens DIRECTORY/state.db, made if missing, and locks the directory; who we are comes first (see
   daemon/identity.h, also for machine_id_file): on a cloned machine the state is set aside as
   state.db.clone-<time>.
   -EBUSY: another srvpubd holds it. A damaged or foreign file is set aside as state.db.bad-<time>
   and *ret_set_aside (malloc'ed, the caller's; else NULL) says so in a sentence.
   -EUCLEAN: written by a newer version. Other errno: the directory or disk. In each failure
   *ret_error (malloc'ed) is a sentence with the path. */
int state_open(sd_event *event, const char *directory, const char *machine_id_file,
               State **ret_state, char **ret_set_aside, char **ret_error);

/* This publisher's id. Of a state that is only looked at: zeros, where one would be drawn. */
const PublisherId *state_publisher_id(const State *state);

/* Only to read it with state_each() and state_each_hold(): takes no lock, changes nothing; writing
   is -EROFS. A directory or file that is not there, or another machine's, holds no rows. On failure
   *ret_error as above. */
int state_open_to_look(const char *directory, const char *machine_id_file, State **ret_state,
                       char **ret_error);

/* Commits what is pending (blocks; handlers still due are called from within), unlocks, closes.
   Not to be called from a handler. */
State *state_close(State *state);

/* Calls on_row for every row, in order of record, target, port, but at most for so many. Returns 1
   when there may be more: the next call goes on there, and until then writes wait. An error of
   on_row ends it. It reads the file, blocking. -EBUSY, where it begins: while writes are under way;
   -EBADMSG: the file was damaged since it was opened. */
int state_each(State *state, size_t limit, int (*on_row)(const StateRow *row, void *userdata),
               void *userdata);

/* error 0: durable. Else nothing of the write is (a negative errno; text says why). Called from
   the loop, never from within state_put() or state_remove(). */
typedef void (*StateHandler)(int error, const char *text, void *userdata);

/* Handle of a write whose handler is still to be called. */
typedef struct StateWrite StateWrite;

/* Record names that were withdrawn by command and stay so. fingerprint: of the configuration of
   then. The same rules as for rows. */
int state_hold(State *state, const char *record, uint64_t fingerprint, StateHandler handler,
               void *userdata, StateWrite **ret_write);
int state_unhold(State *state, const char *record, StateHandler handler, void *userdata,
                 StateWrite **ret_write);
int state_each_hold(State *state,
                    int (*on_hold)(const char *record, uint64_t fingerprint, void *userdata),
                    void *userdata);

/* Inserts or replaces. handler may be NULL, then *ret_write is not written and may be NULL.
   -EINVAL: a name that is none or has a final dot or more than 255 characters, a control character
   in a text, a text over its bound. To remove what is not there is no error. */
int state_put(State *state, const StateRow *row, StateHandler handler, void *userdata,
              StateWrite **ret_write);
int state_remove(State *state, const char *record, const char *target, uint16_t port,
                 StateHandler handler, void *userdata, StateWrite **ret_write);

/* The write goes on; its handler will not be called. Accepts NULL. */
void state_write_forget(StateWrite *write);

/* Frees what is kept of the file in memory, unless it is in use: the next who needs it reads it
   again. */
void state_trim(State *state);
