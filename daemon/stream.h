/* One TCP connection that carries DNS messages behind two octets of length (RFC 1035 4.2.2).
   Knows nothing of what is in them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

typedef struct Stream Stream;

/* None is called from within stream_new() or stream_send(). The stream may be freed in on_close
   only, or when none of them is running. */
typedef struct StreamEvents {
        /* The connection stands. */
        void (*on_open)(void *userdata);
        /* One message, the callee's to read during the call. Negative: this connection is of no
           use any more; on_close follows with -ECANCELED, and nothing else. */
        int (*on_message)(const uint8_t *bytes, size_t size, void *userdata);
        /* The last event. error is 0 if the peer closed, else a negative errno; before on_open it
           says why there is no connection. */
        void (*on_close)(int error, void *userdata);
} StreamEvents;

/* Begins to connect. Errors of socket(2) and connect(2) that show at once are returned. */
int stream_new(sd_event *event, const struct sockaddr *address, socklen_t address_size,
               const StreamEvents *events, void *userdata, Stream **ret_stream);
Stream *stream_free(Stream *stream);

bool stream_is_open(const Stream *stream);

/* Octets received so far. */
uint64_t stream_received(const Stream *stream);

/* Copies a message of up to 65535 octets; it goes out with others at the next stream_flush(), or
   when the connection stands. -ENOMEM. */
int stream_send(Stream *stream, const uint8_t *bytes, size_t size);

/* Sends what the connection takes now, and the rest when it takes more. A failing connection is
   told by on_close, after the answers that came before it. */
int stream_flush(Stream *stream);

/* Says at once that what was received has come, where nothing was sent since. A server that uses
   Nagle's algorithm, as BIND does, keeps its next answer back until it knows; and the kernel, which
   hopes to say so with the next request, makes it wait for 40 ms. */
void stream_acknowledge(Stream *stream);
