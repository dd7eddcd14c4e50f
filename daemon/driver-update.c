/* Sends a pass' plan: signed with what its queries were, or with a GSS-TSIG context, which may have
   to be made first (E6.2, E6.4); alone or with its neighbours' is daemon/update's to decide (E9).
 */

#include "daemon/driver-self.h"

static void on_answered(const Reply *reply, int error, void *userdata) {
        Driver *driver = userdata;
        PublicationEvent event = {.kind = EVENT_ANSWERED, .reply = reply};

        driver->pass->update = NULL;
        if (error < 0) {
                driver_fail_exchange(driver, error);
                return;
        }
        if (driver->pass->signing)
                event.stale = signing_staleness(driver->pass->signing);
        /* It says so itself. */
        if (driver->pass->signing && reply->kind == REPLY_BAD_KEY)
                event.stale |= STALE_CONTEXT;
        if (reply->no_length && signing_note_no_length(driver->pass->signing))
                news_tell_no_length(driver_server(driver));
        /* Somebody was faster: what this plan would have taken away was not taken by us. */
        if (reply->kind == REPLY_CONFLICT) {
                driver->notes &= (uint8_t) ~(PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER);
                free(TAKE_PTR(driver->pass->gone));
        }
        driver_step(driver, &event);
}

static void send_update(Driver *driver, Server *server, Auth *auth) {
        const UpdateRequest request = {
                .zone = driver->zone,
                .server = server,
                .auth = auth,
                .record = driver->record,
                .plan = driver->pass->plan,
                /* Who has just made a context with us knows it, as who has just answered to a
                   signature knows the key (E6.4). */
                .observed_here =
                        driver->pass->signing
                                ? !(signing_staleness(driver->pass->signing) & STALE_CONTEXT)
                                : driver->publication.observed_here,
                .is_again = driver->publication.closed > 0,
                .is_alone = driver->publication.was_lost,
                .timeout_usec = driver->access->timeout_usec,
        };
        int r = update_new(&request, on_answered, driver, &driver->pass->update);

        if (r < 0)
                driver_fail_exchange(driver, r);
}

static void on_signing(Signing *signing, Auth *auth, const Trouble *trouble, void *userdata) {
        Driver *driver = userdata;
        Server *server;

        if (!auth) {
                driver_step(driver,
                            &(PublicationEvent){.kind = EVENT_NOT_SIGNED, .cause = trouble});
                return;
        }
        server = driver_present_server(driver);
        if (server)
                send_update(driver, server, auth);
}

static void begin_signing(Driver *driver, Server *server) {
        const Trouble no_name = trouble_of_gss(GSS_FAULT_SERVER_UNKNOWN);
        Auth *auth = NULL;
        int r;

        driver->pass->signing = signing_free(driver->pass->signing);
        r = signing_new(driver->zone, driver->publication.server, driver->access,
                        driver->is_commanded ? driver->pass->begun_usec : 0, on_signing, driver,
                        &driver->pass->signing, &auth);
        if (r == -ENOENT)
                driver_step(driver,
                            &(PublicationEvent){.kind = EVENT_NOT_SIGNED, .cause = &no_name});
        else if (r < 0)
                driver_fail_exchange(driver, r);
        else if (auth)
                send_update(driver, server, auth);
}

void driver_update(Driver *driver) {
        Server *server = driver_present_server(driver);
        Auth *auth;

        if (!server)
                return;
        if (driver->access->security == SECURITY_GSS) {
                begin_signing(driver, server);
                return;
        }
        auth = driver_present_auth(driver);
        if (auth)
                send_update(driver, server, auth);
}
