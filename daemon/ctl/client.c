/* An error of a call is one of four things: there is no bus, or nobody on it who is srvpubd (exit
   3); the bus or the daemon does not permit it (4); the daemon says why not (1); or it has not
   answered in time, and goes on working at it (1). For the first two a second call would fare no
   better. */

#include "daemon/ctl/client.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "daemon/ctl/bus-names.h"

enum {
        AT_A_TIME = 32,
};

struct Client {
        sd_bus *bus;
        uint64_t timeout_usec;
};

CtlExit client_complain_of_reply(int error) {
        return ctl_complain(CTL_FAILED,
                            "srvpubd's answer cannot be read (%s): is it of another "
                            "version than srvpubctl?",
                            strerror(-error));
}

static CtlExit complain_of_bus(int error) {
        return ctl_complain(CTL_NO_DAEMON,
                            "the system bus cannot be reached (%s): \"systemctl status dbus\" "
                            "tells about it; \"srvpubd --once\" works without one",
                            strerror(-error));
}

/* domain: what it is about, or NULL. */
static CtlExit explain(const Client *client, const sd_bus_error *error, bool in_time,
                       const char *domain) {
        static const struct {
                const char *name;
                CtlExit status;
                const char *text;
        } known[] = {
                {SD_BUS_ERROR_SERVICE_UNKNOWN, CTL_NO_DAEMON,
                 "srvpubd does not run: \"systemctl start srvpubd\" starts it"},
                {SD_BUS_ERROR_NAME_HAS_NO_OWNER, CTL_NO_DAEMON,
                 "srvpubd does not run: \"systemctl start srvpubd\" starts it"},
                {SD_BUS_ERROR_ACCESS_DENIED, CTL_NOT_PERMITTED,
                 "not permitted: only root may do that (sudo srvpubctl ...)"},
                {SD_BUS_ERROR_NO_REPLY, CTL_NO_DAEMON,
                 "srvpubd ended before it answered: \"systemctl status srvpubd\" tells why"},
                {SD_BUS_ERROR_DISCONNECTED, CTL_NO_DAEMON, "the system bus has gone"},
                {SD_BUS_ERROR_UNKNOWN_METHOD, CTL_FAILED,
                 "srvpubd does not know this command: it is of another version than srvpubctl"},
        };
        const char *about = domain ? domain : "", *colon = domain ? ": " : "";

        if (!in_time)
                return ctl_complain(CTL_FAILED,
                                    "%s%sno answer within %llu s; what srvpubd has begun goes on: "
                                    "see srvpubctl status",
                                    about, colon,
                                    (unsigned long long)(client->timeout_usec / USEC_PER_SEC));
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (sd_bus_error_has_name(error, known[i].name))
                        return ctl_complain(known[i].status, "%s", known[i].text);
        return ctl_complain(CTL_FAILED, "%s%s%s", about, colon,
                            error->message ? error->message : error->name);
}

CtlExit client_open(uint64_t timeout_usec, Client **ret_client) {
        Client *client = calloc(1, sizeof(*client));
        int r;

        if (!client)
                return ctl_complain(CTL_FAILED, "out of memory");
        client->timeout_usec = timeout_usec;
        r = sd_bus_open_system(&client->bus);
        if (r < 0) {
                (void)client_close(client);
                return complain_of_bus(r);
        }
        *ret_client = client;
        return CTL_OK;
}

Client *client_close(Client *client) {
        if (!client)
                return NULL;
        (void)sd_bus_close_unref(client->bus);
        free(client);
        return NULL;
}

/* --- one call --------------------------------------------------------------------------------- */

CtlExit client_call(Client *client, sd_bus_message **ret_reply, const char *member,
                    const char *types, ...) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *call = NULL;
        uint64_t begin_usec = ctl_now_usec(CLOCK_MONOTONIC);
        CtlExit status = CTL_OK;
        va_list arguments;
        int r = sd_bus_message_new_method_call(client->bus, &call, BUS_NAME, BUS_PATH,
                                               BUS_INTERFACE, member);

        if (r >= 0) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(call, types, arguments);
                va_end(arguments);
        }
        if (r >= 0)
                r = sd_bus_call(client->bus, call, client->timeout_usec, &error, ret_reply);
        if (r < 0 && !sd_bus_error_is_set(&error))
                (void)sd_bus_error_set_errno(&error, r);
        if (r < 0)
                status = explain(client, &error,
                                 ctl_now_usec(CLOCK_MONOTONIC) - begin_usec < client->timeout_usec,
                                 NULL);
        sd_bus_error_free(&error);
        (void)sd_bus_message_unref(call);
        return status;
}

CtlExit client_get_text(Client *client, const char *property, char **ret_text) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        CtlExit status = CTL_OK;
        int r = sd_bus_get_property_string(client->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, property,
                                           &error, ret_text);

        if (r < 0 && !sd_bus_error_is_set(&error))
                (void)sd_bus_error_set_errno(&error, r);
        if (r < 0)
                status = explain(client, &error, true, NULL);
        sd_bus_error_free(&error);
        return status;
}

/* --- many calls ------------------------------------------------------------------------------- */

typedef struct Answer {
        struct Run *run;
        sd_bus_slot *slot;
        sd_bus_message *reply;
        uint64_t begin_usec;
        bool in_time;
} Answer;

typedef struct Run {
        Client *client;
        const ClientBatch *batch;
        size_t n_begun, n_done, n_waiting;
        Answer *answers;
        CtlExit worst;
} Run;

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Answer *answer = userdata;
        Run *run = answer->run;

        answer->slot = sd_bus_slot_unref(answer->slot);
        answer->reply = sd_bus_message_ref(reply);
        answer->in_time =
                ctl_now_usec(CLOCK_MONOTONIC) - answer->begin_usec < run->client->timeout_usec;
        run->n_waiting--;
        return 0;
}

static int begin_call(Run *run) {
        Answer *answer = &run->answers[run->n_begun];
        const char *domain = run->batch->domains[run->n_begun];
        sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(run->client->bus, &call, BUS_NAME, BUS_PATH,
                                               BUS_INTERFACE, run->batch->member);

        *answer = (Answer){.run = run, .begin_usec = ctl_now_usec(CLOCK_MONOTONIC)};
        if (r >= 0)
                r = run->batch->is_plan ? sd_bus_message_append(call, "ssq", domain, "", 0)
                                        : sd_bus_message_append(call, "s", domain);
        if (r >= 0)
                r = sd_bus_call_async(run->client->bus, &answer->slot, call, on_answer, answer,
                                      run->client->timeout_usec);
        (void)sd_bus_message_unref(call);
        if (r < 0)
                return r;
        run->n_begun++;
        run->n_waiting++;
        return 0;
}

/* Hands on what has come, in order. */
static void take_answers(Run *run) {
        const ClientBatch *batch = run->batch;

        while (run->n_done < run->n_begun && run->answers[run->n_done].reply &&
               run->worst < CTL_NO_DAEMON) {
                Answer *answer = &run->answers[run->n_done];
                const char *domain = batch->domains[run->n_done++];
                const sd_bus_error *error = sd_bus_message_get_error(answer->reply);
                CtlExit status = error ? explain(run->client, error, answer->in_time,
                                                 batch->n_domains > 1 ? domain : NULL)
                                       : batch->on_reply(domain, answer->reply, batch->userdata);

                answer->reply = sd_bus_message_unref(answer->reply);
                if (status > run->worst)
                        run->worst = status;
        }
}

static CtlExit run_all(Run *run) {
        size_t n_waiting;
        int r = 0;

        while (run->n_done < run->batch->n_domains && run->worst < CTL_NO_DAEMON) {
                while (r >= 0 && run->n_waiting < AT_A_TIME && run->n_begun < run->batch->n_domains)
                        r = begin_call(run);
                n_waiting = run->n_waiting;
                if (r >= 0)
                        r = sd_bus_process(run->client->bus, NULL);
                /* 0 also where a call has timed out. */
                if (r == 0 && run->n_waiting == n_waiting)
                        r = sd_bus_wait(run->client->bus, UINT64_MAX);
                if (r < 0 && r != -EINTR)
                        return complain_of_bus(r);
                r = 0;
                take_answers(run);
        }
        return run->worst;
}

CtlExit client_call_many(Client *client, const ClientBatch *batch) {
        Run run = {.client = client, .batch = batch};
        CtlExit status;

        run.answers = calloc(batch->n_domains, sizeof(*run.answers));
        if (!run.answers)
                return ctl_complain(CTL_FAILED, "out of memory");
        status = run_all(&run);
        for (size_t i = run.n_done; i < run.n_begun; i++) {
                (void)sd_bus_slot_unref(run.answers[i].slot);
                (void)sd_bus_message_unref(run.answers[i].reply);
        }
        free(run.answers);
        return status;
}
