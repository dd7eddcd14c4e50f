/* Holds: a tree by record name, compared without case as in the state.
 *
 * What counts is the tree; the state is where it comes from after a restart. A hold belongs to the
 * configuration under which the operator made it: when that is another, the operator has spoken
 * anew, and the hold has ended (whether it is asked for the first time now or after a reload). A
 * command that comes after the signal to reload, but before all is followed, is the later word: the
 * hold goes over to the new configuration.
 */
#include "daemon/holds.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <string.h>

#include "daemon/log.h"
#include "lib/util.h"

typedef struct Hold {
        const char *record; /* text, but in a key to search with */
        uint64_t fingerprint;
        bool is_asked; /* since holds_begin(), or made since */
        bool is_ahead; /* of the configuration that is awaited */
        char text[];
} Hold;

struct Holds {
        State *state;
        void *tree;
        bool awaits; /* another configuration */
};

DEFINE_CLEANUP(Holds, holds_free)

static int hold_compare(const void *a, const void *b) {
        return strcasecmp(((const Hold *)a)->record, ((const Hold *)b)->record);
}

static Hold *find(const Holds *holds, const char *record) {
        Hold **node = tfind(&(Hold){.record = record}, &holds->tree, hold_compare);

        return node ? *node : NULL;
}

static int remember(Holds *holds, const char *record, uint64_t fingerprint) {
        Hold *hold = find(holds, record);

        if (hold) {
                hold->fingerprint = fingerprint;
                hold->is_asked = true;
                hold->is_ahead = holds->awaits;
                return 0;
        }
        hold = malloc(sizeof(*hold) + strlen(record) + 1);
        if (!hold)
                return -ENOMEM;
        hold->record = strcpy(hold->text, record);
        hold->fingerprint = fingerprint;
        hold->is_asked = true;
        hold->is_ahead = holds->awaits;
        if (!tsearch(hold, &holds->tree, hold_compare)) {
                free(hold);
                return -ENOMEM;
        }
        return 0;
}

static void forget(Holds *holds, Hold *hold) {
        (void)tdelete(hold, &holds->tree, hold_compare);
        free(hold);
}

static int on_hold(const char *record, uint64_t fingerprint, void *userdata) {
        return remember(userdata, record, fingerprint);
}

int holds_new(State *state, Holds **ret_holds) {
        _cleanup_(holds_freep) Holds *holds = calloc(1, sizeof(*holds));
        if (!holds)
                return -ENOMEM;

        holds->state = state;
        int r = state_each_hold(state, on_hold, holds);
        if (r < 0)
                return r;
        *ret_holds = TAKE_PTR(holds);
        return 0;
}

Holds *holds_free(Holds *holds) {
        if (holds)
                tdestroy(holds->tree, free);
        free(holds);
        return NULL;
}

/* The command was obeyed all the same: what is lost is lost at the next start. */
static void on_written(int error, const char *text, void *userdata) {
        if (error < 0)
                log_event(LOG_KIND_STATE_FAILED, NULL,
                          "cannot keep which records were withdrawn by command: %s",
                          text ? text : strerror(-error));
}

static int unhold(Holds *holds, const char *record) {
        return state_unhold(holds->state, record, on_written, NULL, NULL);
}

bool holds_has(Holds *holds, const char *record, uint64_t fingerprint) {
        Hold *hold = find(holds, record);

        if (!hold)
                return false;
        hold->is_asked = true;
        if (hold->fingerprint == fingerprint)
                return true;
        if (hold->is_ahead) {
                hold->fingerprint = fingerprint;
                (void)state_hold(holds->state, record, fingerprint, on_written, NULL, NULL);
                return true;
        }
        /* If it stays in the file it is as outdated there at the next start. */
        (void)unhold(holds, record);
        forget(holds, hold);
        return false;
}

int holds_add(Holds *holds, const char *record, uint64_t fingerprint) {
        int r = remember(holds, record, fingerprint);

        return r < 0 ? r : state_hold(holds->state, record, fingerprint, on_written, NULL, NULL);
}

int holds_remove(Holds *holds, const char *record) {
        Hold *hold = find(holds, record);
        int r = unhold(holds, record);

        if (hold)
                forget(holds, hold);
        return r;
}

static void on_arrival(const void *node, VISIT visit, void *userdata) {
        (*(Hold *const *)node)->is_ahead = false;
}

void holds_await(Holds *holds, bool awaits) {
        holds->awaits = awaits;
        if (!awaits)
                twalk_r(holds->tree, on_arrival, NULL);
}

static void on_begin(const void *node, VISIT visit, void *userdata) {
        (*(Hold *const *)node)->is_asked = false;
}

void holds_begin(Holds *holds) {
        twalk_r(holds->tree, on_begin, NULL);
}

typedef struct Sweep {
        Hold **unasked;
        size_t n;
} Sweep;

static void on_node(const void *node, VISIT visit, void *userdata) {
        Hold *hold = *(Hold *const *)node;
        Sweep *sweep = userdata;
        Hold **unasked;

        if ((visit != postorder && visit != leaf) || hold->is_asked)
                return;
        /* One that there is no memory for goes with a later sweep. */
        unasked = realloc(sweep->unasked, (sweep->n + 1) * sizeof(*unasked));
        if (!unasked)
                return;
        sweep->unasked = unasked;
        unasked[sweep->n++] = hold;
}

void holds_sweep(Holds *holds) {
        Sweep sweep = {0};

        twalk_r(holds->tree, on_node, &sweep);
        for (size_t i = 0; i < sweep.n; i++) {
                (void)unhold(holds, sweep.unasked[i]->record);
                forget(holds, sweep.unasked[i]);
        }
        free(sweep.unasked);
}
