/* A zone, updates that are wanted in it, and a scripted server that reads what is in each message.
   An update is known by the number in its name. */
#pragma once

#include "daemon/update.h"
#include "tests/unit/support_world.h"

#define UPDATE_LONG (60 * USEC_PER_SEC)

enum {
        UPDATES_MAX = 300,
        UPDATE_CONNECTIONS_MAX = 2 * SERVER_CONNECTIONS_MAX + 1,
        UPDATE_PARTS_MAX = 100, /* the contract's: in one message */
        UPDATE_SIZE_MAX = 60 * 1024,
        UPDATE_BATCHES_MAX = 2, /* ... and messages outstanding */
        UPDATE_TOLD_MAX = 16,   /* ... and told in a turn */
};

/* One update, and how it ended. */
typedef struct UpdateAsked {
        Update *update; /* NULL once it was told */
        Plan *plan;
        char record[NAME_TEXT_MAX];
        int n_told;
        int error; /* < 0: it was not sent */
        ReplyKind kind;
        void (*then)(struct UpdateAsked *asked); /* in the handler */
        struct UpdateAsked *other;               /* the test's, for then */
} UpdateAsked;

/* A message as it came. */
typedef struct UpdateTaken {
        int fd;
        PeerMessage message;
        size_t n;
        int numbers[UPDATE_PARTS_MAX];
} UpdateTaken;

typedef struct UpdateScene {
        World own_world;
        World *world;
        AccessTable accesses;
        ZoneTable zones;
        Access *access;
        Zone *zone; /* contoso.com */
        UpdateAsked asked[UPDATES_MAX];
        int n_told;          /* of them all */
        UpdateRequest terms; /* how the next one is asked for */
        size_t n_fds;
        int fds[UPDATE_CONNECTIONS_MAX];
        UpdateTaken taken;
        bool is_asking;
} UpdateScene;

extern UpdateScene updates;

void updates_setup(void);
void updates_teardown(void);

/* The same in a world that the test has made. */
void updates_setup_in(World *world);
void updates_done(void);

/* "_vlmcs._tcp.aNUMBER.DOMAIN", good until the next call. */
const char *updates_name(int number, const char *domain);

/* Wants an SRV at the name with that number; or whatever else, the plan is taken over. */
UpdateAsked *updates_ask(int number);
void updates_ask_many(int from, int n);
void updates_ask_with(UpdateAsked *asked, const char *record, Plan *plan);
void updates_give_up(UpdateAsked *asked);
void updates_check_told(int number, ReplyKind kind);

/* Wants so many as may be outstanding, from 0 on, each in a message of its own: the zone has no
   room for another. */
void updates_fill(UpdateTaken taken[static UPDATE_BATCHES_MAX]);

/* The next message, over whatever connection, into updates.taken. Each is looked at whether it may
   be so: its size, how many are in it. */
void updates_take(void);
bool updates_try_take(void);
void updates_read(UpdateTaken *taken);

bool updates_has(int number);
/* It holds exactly these n. */
void updates_check_taken(int from, int n);
void updates_check_silent(void);
void updates_answer(unsigned rcode);
void updates_answer_taken(const UpdateTaken *taken, unsigned rcode);
