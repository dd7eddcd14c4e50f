/* The state: writes wait in a list while a commit is under way, then go together in the next.
 *
 * Two lists: pending belongs to the loop, group to the one job that may run; at most one commit is
 * under way, and something is pending only then. The thread touches the file and the rows of the
 * group; handlers are the loop's. A handler runs when its group is durable (rule O13: intent
 * before the update is sent), in the order of the writes. A commit that fails fails its group
 * alone: nothing of it is in the file, and the next one tries again.
 */
#include "daemon/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/state-directory.h"
#include "daemon/state-file.h"
#include "daemon/state-row.h"
#include "daemon/worker.h"
#include "lib/util.h"

struct StateWrite {
        StateWrite *next;
        StateHandler handler;
        void *userdata;
        bool removes;
        StateRow row; /* its strings are in text */
        char text[];
};

typedef struct StateWrites {
        StateWrite *first;
        StateWrite **end;
} StateWrites;

struct State {
        Job job; /* first: the worker's pointer is ours */
        Worker *worker;
        StateDirectory directory;
        StateFile *file;
        StateWrites pending;
        bool committing;   /* until the handlers of the group were called */
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
               strlen(row->servers) + strlen(row->primary) + strlen(row->key_file) + 7;
}

static int write_new(const StateRow *row, bool removes, StateWrite **ret_write) {
        StateWrite *write = malloc(sizeof(*write) + row_text_size(row));
        if (!write)
                return -ENOMEM;
        char *cursor = write->text;

        *write = (StateWrite){.removes = removes, .row = *row};
        write->row.record = text_append(&cursor, row->record);
        write->row.target = text_append(&cursor, row->target);
        write->row.domain = text_append(&cursor, row->domain);
        write->row.zone = text_append(&cursor, row->zone);
        write->row.servers = text_append(&cursor, row->servers);
        write->row.primary = text_append(&cursor, row->primary);
        write->row.key_file = text_append(&cursor, row->key_file);
        *ret_write = write;
        return 0;
}

static StateWrite *writes_take(StateWrites *writes) {
        StateWrite *first = writes->first;

        *writes = (StateWrites){.end = &writes->first};
        return first;
}

/* In the thread. */
static void commit_run(Job *job) {
        State *state = (State *)job;

        int r = state_file_begin(state->file);
        for (const StateWrite *write = state->group; write && r >= 0; write = write->next)
                r = write->removes ? state_file_remove(state->file, &write->row)
                                   : state_file_put(state->file, &write->row);
        if (r >= 0)
                r = state_file_commit(state->file);
        if (r < 0)
                state_file_rollback(state->file);
        state->error = r;
}

/* A handler may forget a later write of the same group: each is freed only when its turn was. */
static void group_finish(StateWrite *group, int error, const char *text) {
        while (group) {
                _cleanup_(freep) StateWrite *write = group;

                group = write->next;
                if (write->handler)
                        write->handler(error, text, write->userdata);
        }
}

static int commit_start(State *state) {
        state->group = writes_take(&state->pending);
        int r = worker_submit(state->worker, &state->job);
        state->committing = r >= 0;
        return r;
}

static void commit_on_done(Job *job) {
        State *state = (State *)job;

        group_finish(TAKE_PTR(state->group), state->error,
                     state->error < 0 ? state_file_error(state->file) : NULL);
        state->committing = false;
        if (!state->pending.first)
                return;
        int r = commit_start(state);
        if (r < 0)
                group_finish(TAKE_PTR(state->group), r, "no thread to write the state with");
}

/* Never called: the state frees its worker only when no job is left. */
static void commit_on_drop(Job *job) {}

static int open_file(State *state, char **ret_set_aside, char **ret_error) {
        StateDirectory *directory = &state->directory;
        _cleanup_(freep) char *reason = NULL, *kept = NULL;
        bool found = false;

        int r = state_directory_find_file(directory, &found, ret_error);
        if (r < 0)
                return r;
        if (found) {
                r = state_file_open(directory->file, &state->file, &reason);
                if (r >= 0)
                        return 0;
                if (r != -EBADMSG) {
                        *ret_error = TAKE_PTR(reason);
                        return r;
                }
                r = state_directory_set_aside(directory, &kept, ret_error);
                if (r < 0)
                        return r;
        }
        r = state_directory_make_file(directory, ret_error);
        if (r >= 0)
                r = state_file_open(directory->file, &state->file, ret_error);
        if (r < 0 || !kept)
                return r;
        if (asprintf(ret_set_aside,
                     "%s; it is kept as %s, and a new state begins without knowing "
                     "what was published before",
                     reason ? reason : directory->file, kept) < 0)
                *ret_set_aside = NULL;
        return 0;
}

int state_open(sd_event *event, const char *directory, State **ret_state, char **ret_set_aside,
               char **ret_error) {
        _cleanup_(state_closep) State *state = calloc(1, sizeof(*state));
        _cleanup_(freep) char *set_aside = NULL;

        if (!state) {
                *ret_error = NULL;
                return -ENOMEM;
        }
        state->job = (Job){commit_run, commit_on_done, commit_on_drop, NULL, 0};
        state->directory = (StateDirectory){.fd = -1, .lock_fd = -1};
        (void)writes_take(&state->pending);

        int r = state_directory_open(directory, &state->directory, ret_error);
        if (r < 0)
                return r;
        r = open_file(state, &set_aside, ret_error);
        if (r < 0)
                return r;
        r = worker_new(event, 1, &state->worker);
        if (r < 0) {
                if (asprintf(ret_error, "cannot prepare writing %s: %s", state->directory.file,
                             strerror(-r)) < 0)
                        *ret_error = NULL;
                return r;
        }
        *ret_set_aside = TAKE_PTR(set_aside);
        *ret_state = TAKE_PTR(state);
        return 0;
}

int state_open_to_look(const char *directory, State **ret_state, char **ret_error) {
        _cleanup_(state_closep) State *state = calloc(1, sizeof(*state));
        _cleanup_(freep) char *path = NULL;

        *ret_error = NULL;
        if (!state || asprintf(&path, "%s/" STATE_FILE_NAME, directory) < 0)
                return -ENOMEM;
        state->directory = (StateDirectory){.fd = -1, .lock_fd = -1};
        if (access(path, F_OK) == 0) {
                int r = state_file_open_to_look(path, &state->file, ret_error);
                if (r < 0)
                        return r;
        } else if (errno != ENOENT) {
                int r = -errno;
                if (asprintf(ret_error, "cannot look at %s: %s", path, strerror(errno)) < 0)
                        *ret_error = NULL;
                return r;
        }
        *ret_state = TAKE_PTR(state);
        return 0;
}

State *state_close(State *state) {
        if (!state)
                return NULL;
        while (state->committing)
                worker_drain(state->worker);
        worker_free(state->worker);
        state_file_close(state->file);
        state_directory_done(&state->directory);
        free(state);
        return NULL;
}

int state_each(State *state, int (*on_row)(const StateRow *row, void *userdata), void *userdata) {
        if (state->committing)
                return -EBUSY;
        if (!state->file)
                return 0;
        return state_file_each(state->file, on_row, userdata);
}

static int state_write(State *state, const StateRow *row, bool removes, StateHandler handler,
                       void *userdata, StateWrite **ret_write) {
        StateWrite *write;

        int r = write_new(row, removes, &write);
        if (r < 0)
                return r;
        write->handler = handler;
        write->userdata = userdata;
        *state->pending.end = write;
        state->pending.end = &write->next;
        if (!state->committing)
                r = commit_start(state);
        if (r < 0) {
                free(TAKE_PTR(state->group));
                return r;
        }
        if (handler && ret_write)
                *ret_write = write;
        return 0;
}

int state_put(State *state, const StateRow *row, StateHandler handler, void *userdata,
              StateWrite **ret_write) {
        if (!state_row_valid(row))
                return -EINVAL;
        return state_write(state, row, false, handler, userdata, ret_write);
}

int state_remove(State *state, const char *record, const char *target, uint16_t port,
                 StateHandler handler, void *userdata, StateWrite **ret_write) {
        StateRow key = {.record = record,
                        .target = target,
                        .port = port,
                        .domain = "",
                        .zone = "",
                        .servers = "",
                        .primary = "",
                        .key_file = ""};

        if (!state_key_valid(&key))
                return -EINVAL;
        return state_write(state, &key, true, handler, userdata, ret_write);
}

void state_write_forget(StateWrite *write) {
        if (write)
                write->handler = NULL;
}
