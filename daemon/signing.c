/* One update's use of a session: it holds the session and the context that it was given, also when
   the zone finds other servers meanwhile, or another publication has the context renewed. */

#include "daemon/signing.h"

#include <errno.h>

#include "lib/util.h"

struct Signing {
        SessionWaiter waiter;
        bool is_waiting;
        Session *session;
        Auth *auth;
        uint64_t commanded_usec; /* what is from before is stale; 0: what is older than the next */
        uint64_t retry_min_usec;
        SigningHandler handler;
        void *userdata;
};

Signing *signing_free(Signing *signing) {
        if (!signing)
                return NULL;
        if (signing->is_waiting)
                session_forget(signing->session, &signing->waiter);
        (void)auth_unref(signing->auth);
        (void)session_unref(signing->session);
        free(signing);
        return NULL;
}

static void on_ready(SessionWaiter *waiter, Auth *auth, const Trouble *trouble) {
        Signing *signing = (Signing *)((char *)waiter - offsetof(Signing, waiter));

        signing->is_waiting = false;
        signing->auth = auth ? auth_ref(auth) : NULL;
        signing->handler(signing, auth, trouble, signing->userdata);
}

int signing_new(Zone *zone, size_t i, const Access *access, uint64_t commanded_usec,
                SigningHandler handler, void *userdata, Signing **ret_signing, Auth **ret_auth) {
        const SessionTimes times = {
                .timeout_usec = access->timeout_usec,
                /* No failure stands for who was told to try; but what locks accounts does (E7). */
                .retry_min_usec = commanded_usec > 0 ? 0 : access->times.retry_min_usec,
                .retry_max_usec = access->times.retry_max_usec,
        };
        Session *session;
        Signing *signing;
        Auth *auth;
        int r = zone_session(zone, i, &session);

        if (r < 0)
                return r;
        signing = calloc(1, sizeof(*signing));
        if (!signing)
                return -ENOMEM;
        *signing = (Signing){
                .waiter = {.on_ready = on_ready},
                .session = session_ref(session),
                .commanded_usec = commanded_usec,
                .retry_min_usec = access->times.retry_min_usec,
                .handler = handler,
                .userdata = userdata,
        };
        auth = session_auth(session);
        if (auth)
                signing->auth = auth_ref(auth);
        else
                r = session_wait(session, &times, &signing->waiter);
        signing->is_waiting = !auth && r == 0;
        if (r < 0) {
                (void)signing_free(signing);
                return r;
        }
        *ret_signing = signing;
        *ret_auth = auth;
        return 0;
}

Staleness signing_staleness(const Signing *signing) {
        const uint64_t now = session_now_usec(signing->session);
        uint64_t usec = signing->commanded_usec;

        if (usec == 0)
                usec = now > signing->retry_min_usec ? now - signing->retry_min_usec : 0;
        return session_staleness(signing->session, signing->auth, usec);
}

void signing_renew(const Signing *signing, Renewal renewal) {
        /* Who renews the context alone was told that the server does not know it. */
        session_doubt(signing->session, signing->auth, renewal == RENEW_TICKET,
                      renewal == RENEW_TICKET);
}

bool signing_note_no_length(const Signing *signing) {
        return session_note_no_length(signing->session);
}
