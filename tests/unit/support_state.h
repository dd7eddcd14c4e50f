/* What the suites of the state share: a scratch directory, rows made from a number, waiting. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/state.h"

/* A directory that the test has for itself, and its loop. */
typedef struct Scratch {
        char root[64];       /* made */
        char directory[80];  /* root/state: for state_open() to make */
        char file[96];       /* directory/state.db */
        char identity[96];   /* directory/publisher-id */
        char machine_id[80]; /* root/machine-id: made */
        sd_event *event;
} Scratch;

void scratch_init(Scratch *scratch);
void scratch_done(Scratch *scratch);

/* Removes what is in directory, and directory. */
void directory_remove(const char *directory);
/* How many names in directory begin so. */
unsigned directory_count(const char *directory, const char *prefix);
/* The path of one; fails the test if there is none. */
void directory_find(const char *directory, const char *prefix, char ret_path[static 200]);

/* Opens; fails the test if it cannot be, or if something was set aside. */
State *scratch_open(Scratch *scratch);
/* The same with what was set aside, which the caller frees. */
State *scratch_open_saying(Scratch *scratch, char **ret_set_aside);
State *scratch_look(Scratch *scratch);
/* This machine gets another machine id. */
void scratch_set_machine(Scratch *scratch, const char *machine_id);

/* Row number i. Its texts live until the next call with the same slot (0 or 1). */
StateRow row_make(unsigned i, unsigned slot);
/* The number of a row that row_make() made, by its key. */
unsigned row_number(const StateRow *row);
bool row_equal(const StateRow *a, const StateRow *b);

/* Puts rows first..end-1 and runs the loop until all are durable. */
void rows_put(Scratch *scratch, State *state, unsigned first, unsigned end);

/* What a StateHandler was told, the last time, and how often. */
typedef struct Told {
        unsigned n;
        int error;
        char text[300];
} Told;

void on_told(int error, const char *text, void *userdata);

/* The commit of what was written begins: only its turn is due. */
void begin_commit(Scratch *scratch);

/* True if a second connection, and so a later start, sees the row. */
bool row_is_in_file(const Scratch *scratch, const StateRow *row);

/* Checks that every row is what row_make() makes of its number; their count, or the error. */
int rows_check(State *state);
/* For state_each(): counts. */
int on_row_count(const StateRow *row, void *userdata);

/* Runs the loop until *counter has reached n; fails the test after ten seconds of nothing. */
void wait_for(sd_event *event, const unsigned *counter, unsigned n);

/* A file as bytes, malloc'ed; NULL if it is not there. */
char *file_read(const char *path, size_t *ret_size);
void file_write(const char *path, const char *bytes, size_t size);

/* Executes sql on a second connection to the file. */
void file_execute_sql(const char *path, const char *sql);

/* state.db and its -wal as a kill leaves them. */
typedef struct Image {
        char *bytes[2];
        size_t sizes[2];
} Image;

void image_take(const Scratch *scratch, Image *ret_image);
void image_free(Image *image);
/* In an empty directory, with an -shm of someone's. */
void image_put(Scratch *scratch, const Image *image);
/* Fails the test unless the file at path, with its -wal, is what the image was. */
void image_expect(const char *path, const Image *image);

/* Runs a child with a loop of its own, which writes to fd what it has done; the test reads that
   from *ret_fd. It never ends but by child_kill(), or with the test. */
pid_t child_start(Scratch *scratch, void (*run)(int fd), int *ret_fd);
void child_kill(pid_t pid);
