/* A publisher's rows as a disk keeps them: what daemon/state does for the ledger, one write at a
   time. */
#pragma once

#include "tests/unit/support_model_publisher.h"

/* ACTION_REMEMBER: the next row's write begins; false: all are written. */
bool model_disk_begin(ModelPublisher *publisher);
/* It ends. -EIO: the disk is full. */
int model_disk_end(ModelPublisher *publisher);
/* Nobody waits for its end any more; it is written all the same. */
void model_disk_abandon(ModelPublisher *publisher);

/* After a pass: without waiting, so that a crash before model_disk_sync() may lose it. */
void model_disk_settle(ModelPublisher *publisher);
void model_disk_sync(ModelPublisher *publisher);
void model_disk_crash(ModelPublisher *publisher, bool loses_unsynced);

/* Published without a claim, it says. */
bool model_disk_says_bare(const ModelPublisher *publisher, const Srv *offer);

/* At a start. */
void model_disk_load(ModelPublisher *publisher);
