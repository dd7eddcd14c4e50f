/* The state: writes wait in a list while a commit is under way, and for PACE_USEC after it began,
 * then go together in the next: one write is durable at once, thousands cost fifty commits a second
 * at most, and leave the disk to the name server.
 *
 * Two lists: pending belongs to the loop, group to the one job that may run; at most one commit is
 * under way. The thread touches the file and the rows of the group; handlers are the loop's. A
 * handler runs when its group is durable (rule O13: intent before the update is sent), in the order
 * of the writes. A commit that fails fails its group alone: nothing of it is in the file, and the
 * next one tries again.
 */
#include "daemon/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/identity.h"
#include "daemon/private-file.h"
#include "daemon/state-directory.h"
#include "daemon/state-file.h"
#include "daemon/state-row.h"
#include "daemon/state-start.h"
#include "daemon/worker.h"
#include "lib/util.h"

#define PACE_USEC (20 * USEC_PER_MSEC)

enum {
        TOLD_MAX = 32, /* in a turn of the loop: answers of servers wait meanwhile */
};

typedef enum WriteKind {
        WRITE_PUT,
        WRITE_REMOVE,
        WRITE_HOLD,
        WRITE_UNHOLD,
} WriteKind;

struct StateWrite {
        StateWrite *next;
        StateHandler handler;
        void *userdata;
        WriteKind kind;
        StateRow row; /* its strings are in text; of a hold only the record counts */
        uint64_t fingerprint;
        char text[];
};

typedef struct StateWrites {
        StateWrite *first;
        StateWrite **end;
} StateWrites;

struct State {
        Job job; /* first: the worker's pointer is ours */
        PublisherId id;
        Worker *worker; /* NULL: open only to look */
        sd_event *event;
        sd_event_source *turn; /* begins the next commit */
        sd_event_source *rest; /* of the group is told */
        uint64_t begun_usec;   /* the last one; CLOCK_MONOTONIC */
        StateDirectory directory;
        StateFile *file;
        bool is_read; /* state_each() has not come to its end */
        StateWrites pending;
        bool committing;   /* until the handlers of the group were called */
        bool is_done;      /* the job: they are being called */
        StateWrite *group; /* the job's, while it runs */
        int error;         /* the job's result */
};

DEFINE_CLEANUP(State, state_close)

static const char *text_append(char **cursor, const char *text) {
        char *start = *cursor;

        *cursor = stpcpy(start, text) + 1;
        return start;
}

static size_t row_text_size(const StateRow *row) {
        return strlen(row->record) + strlen(row->target) + strlen(row->domain) + strlen(row->zone) +
               strlen(row->servers) + strlen(row->primary) + strlen(row->key_file) +
               strlen(row->keytab) + strlen(row->principal) + strlen(row->realm) + 10;
}

static int write_new(WriteKind kind, const StateRow *row, StateWrite **ret_write) {
        StateWrite *write = malloc(sizeof(*write) + row_text_size(row));
        if (!write)
                return -ENOMEM;
        char *cursor = write->text;

        *write = (StateWrite){.kind = kind, .row = *row};
        write->row.record = text_append(&cursor, row->record);
        write->row.target = text_append(&cursor, row->target);
        write->row.domain = text_append(&cursor, row->domain);
        write->row.zone = text_append(&cursor, row->zone);
        write->row.servers = text_append(&cursor, row->servers);
        write->row.primary = text_append(&cursor, row->primary);
        write->row.key_file = text_append(&cursor, row->key_file);
        write->row.keytab = text_append(&cursor, row->keytab);
        write->row.principal = text_append(&cursor, row->principal);
        write->row.realm = text_append(&cursor, row->realm);
        *ret_write = write;
        return 0;
}

static StateWrite *writes_take(StateWrites *writes) {
        StateWrite *first = writes->first;

        *writes = (StateWrites){.end = &writes->first};
        return first;
}

static int write_run(StateFile *file, const StateWrite *write) {
        switch (write->kind) {
        case WRITE_PUT:
                return state_file_put(file, &write->row);
        case WRITE_REMOVE:
                return state_file_remove(file, &write->row);
        case WRITE_HOLD:
                return state_file_hold(file, write->row.record, write->fingerprint);
        case WRITE_UNHOLD:
                return state_file_unhold(file, write->row.record);
        }
        return -EINVAL;
}

/* In the thread. */
static void commit_run(Job *job) {
        State *state = (State *)job;

        int r = state_file_begin(state->file);
        for (const StateWrite *write = state->group; write && r >= 0; write = write->next)
                r = write_run(state->file, write);
        if (r >= 0)
                r = state_file_commit(state->file);
        if (r < 0)
                state_file_rollback(state->file);
        state->error = r;
}

/* A handler may forget a later write of the same group: each is freed only when its turn was. */
static void group_tell(State *state, size_t n, const char *text) {
        for (; n > 0 && state->group; n--) {
                _cleanup_(freep) StateWrite *write = state->group;

                state->group = write->next;
                if (write->handler)
                        write->handler(state->error, text, write->userdata);
        }
}

static uint64_t now_usec(const State *state) {
        uint64_t usec = 0;

        (void)sd_event_now(state->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static int commit_start(State *state) {
        state->begun_usec = now_usec(state);
        state->group = writes_take(&state->pending);
        int r = worker_submit(state->worker, &state->job);
        state->committing = r >= 0;
        return r;
}

static void commit_ask(State *state);

static void commit_tell(State *state, size_t n) {
        group_tell(state, n, state->error < 0 ? state_file_error(state->file) : NULL);
        if (state->group) {
                (void)sd_event_source_set_enabled(state->rest, SD_EVENT_ONESHOT);
                return;
        }
        state->committing = state->is_done = false;
        commit_ask(state);
}

static int on_rest(sd_event_source *source, void *userdata) {
        commit_tell(userdata, TOLD_MAX);
        return 0;
}

static void commit_on_done(Job *job) {
        State *state = (State *)job;

        state->is_done = true;
        commit_tell(state, TOLD_MAX);
}

static int on_turn(sd_event_source *source, uint64_t usec, void *userdata) {
        State *state = userdata;
        int r = commit_start(state);

        if (r < 0) {
                state->error = r;
                group_tell(state, SIZE_MAX, "no thread to write the state with");
        }
        return 0;
}

static void commit_ask(State *state) {
        if (state->committing || state->is_read || !state->pending.first)
                return;
        (void)sd_event_source_set_time(state->turn, state->begun_usec + PACE_USEC);
        (void)sd_event_source_set_enabled(state->turn, SD_EVENT_ONESHOT);
}

/* Never called: the state frees its worker only when no job is left. */
static void commit_on_drop(Job *job) {}

static int state_new(State **ret_state) {
        State *state = calloc(1, sizeof(*state));

        if (!state)
                return -ENOMEM;
        state->job = (Job){commit_run, commit_on_done, commit_on_drop, NULL, 0};
        state->directory = (StateDirectory){.fd = -1, .lock_fd = -1};
        (void)writes_take(&state->pending);
        *ret_state = state;
        return 0;
}

int state_open(sd_event *event, const char *directory, const char *machine_id_file,
               State **ret_state, char **ret_set_aside, char **ret_error) {
        _cleanup_(state_closep) State *state = NULL;
        _cleanup_(freep) char *set_aside = NULL;

        *ret_error = NULL;
        int r = state_new(&state);
        if (r >= 0)
                r = state_directory_open(directory, &state->directory, ret_error);
        if (r >= 0)
                r = state_start_identity(&state->directory, machine_id_file, &state->id, &set_aside,
                                         ret_error);
        if (r >= 0)
                r = state_start_file(&state->directory, &state->file, &set_aside, ret_error);
        if (r < 0)
                return r;
        state->event = sd_event_ref(event);
        r = worker_new(event, 1, &state->worker);
        if (r >= 0)
                r = sd_event_add_time(event, &state->turn, CLOCK_MONOTONIC, 0, 1, on_turn, state);
        if (r >= 0)
                r = sd_event_source_set_enabled(state->turn, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &state->rest, on_rest, state);
        if (r >= 0)
                r = sd_event_source_set_priority(state->rest, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r >= 0)
                r = sd_event_source_set_enabled(state->rest, SD_EVENT_OFF);
        if (r < 0)
                return private_file_fail(ret_error, r, "cannot prepare writing %s: %s",
                                         state->directory.file, strerror(-r));
        *ret_set_aside = TAKE_PTR(set_aside);
        *ret_state = TAKE_PTR(state);
        return 0;
}

const PublisherId *state_publisher_id(const State *state) {
        return &state->id;
}

static int look_at_file(State *state, const char *path, char **ret_error) {
        if (access(path, F_OK) == 0)
                return state_file_open_to_look(path, &state->file, ret_error);
        return errno == ENOENT ? 0
                               : private_file_fail(ret_error, -errno, "cannot look at %s: %s", path,
                                                   strerror(errno));
}

int state_open_to_look(const char *directory, const char *machine_id_file, State **ret_state,
                       char **ret_error) {
        _cleanup_(state_closep) State *state = NULL;
        _cleanup_(freep) char *path = NULL;
        bool cloned;

        *ret_error = NULL;
        int r = state_new(&state);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/" STATE_FILE_NAME, directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = identity_look(directory, machine_id_file, &state->id, &cloned);
        if (r < 0)
                return private_file_fail(ret_error, r, "cannot look at the publisher id in %s: %s",
                                         directory, strerror(-r));
        if (!cloned)
                r = look_at_file(state, path, ret_error);
        if (r < 0)
                return r;
        *ret_state = TAKE_PTR(state);
        return 0;
}

State *state_close(State *state) {
        if (!state)
                return NULL;
        while (state->committing || state->pending.first) {
                if (!state->committing)
                        (void)on_turn(NULL, 0, state);
                worker_drain(state->worker);
                if (state->is_done)
                        commit_tell(state, SIZE_MAX);
        }
        sd_event_source_disable_unref(state->turn);
        sd_event_source_disable_unref(state->rest);
        sd_event_unref(state->event);
        worker_free(state->worker);
        state_file_close(state->file);
        state_directory_done(&state->directory);
        free(state);
        return NULL;
}

int state_each(State *state, size_t limit, int (*on_row)(const StateRow *row, void *userdata),
               void *userdata) {
        if (!state->is_read && (state->committing || state->pending.first))
                return -EBUSY;
        if (!state->file)
                return 0;
        int r = state_file_each(state->file, limit, on_row, userdata);
        state->is_read = r > 0;
        commit_ask(state);
        return r;
}

int state_each_hold(State *state,
                    int (*on_hold)(const char *record, uint64_t fingerprint, void *userdata),
                    void *userdata) {
        if (state->committing || state->pending.first)
                return -EBUSY;
        if (!state->file)
                return 0;
        return state_file_each_hold(state->file, on_hold, userdata);
}

/* Takes the write. */
static void state_submit(State *state, StateWrite *write, StateHandler handler, void *userdata,
                         StateWrite **ret_write) {
        write->handler = handler;
        write->userdata = userdata;
        *state->pending.end = write;
        state->pending.end = &write->next;
        commit_ask(state);
        if (handler && ret_write)
                *ret_write = write;
}

static int state_write(State *state, WriteKind kind, const StateRow *row, uint64_t fingerprint,
                       StateHandler handler, void *userdata, StateWrite **ret_write) {
        StateWrite *write;

        if (!state->worker)
                return -EROFS;
        int r = write_new(kind, row, &write);
        if (r < 0)
                return r;
        write->fingerprint = fingerprint;
        state_submit(state, write, handler, userdata, ret_write);
        return 0;
}

static StateRow key_row(const char *record, const char *target, uint16_t port) {
        return (StateRow){.record = record,
                          .target = target,
                          .port = port,
                          .domain = "",
                          .zone = "",
                          .servers = "",
                          .primary = "",
                          .key_file = "",
                          .keytab = "",
                          .principal = "",
                          .realm = ""};
}

int state_put(State *state, const StateRow *row, StateHandler handler, void *userdata,
              StateWrite **ret_write) {
        if (!state_row_valid(row))
                return -EINVAL;
        return state_write(state, WRITE_PUT, row, 0, handler, userdata, ret_write);
}

int state_remove(State *state, const char *record, const char *target, uint16_t port,
                 StateHandler handler, void *userdata, StateWrite **ret_write) {
        StateRow key = key_row(record, target, port);

        if (!state_key_valid(&key))
                return -EINVAL;
        return state_write(state, WRITE_REMOVE, &key, 0, handler, userdata, ret_write);
}

int state_hold(State *state, const char *record, uint64_t fingerprint, StateHandler handler,
               void *userdata, StateWrite **ret_write) {
        StateRow key = key_row(record, "", 0);

        if (!state_hold_valid(record))
                return -EINVAL;
        return state_write(state, WRITE_HOLD, &key, fingerprint, handler, userdata, ret_write);
}

int state_unhold(State *state, const char *record, StateHandler handler, void *userdata,
                 StateWrite **ret_write) {
        StateRow key = key_row(record, "", 0);

        if (!state_hold_valid(record))
                return -EINVAL;
        return state_write(state, WRITE_UNHOLD, &key, 0, handler, userdata, ret_write);
}

void state_trim(State *state) {
        if (state->file && !state->committing)
                state_file_trim(state->file);
}

void state_write_forget(StateWrite *write) {
        if (write)
                write->handler = NULL;
}
