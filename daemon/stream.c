/* A non-blocking TCP connection with the framing of RFC 1035 4.2.2: connect, partial reads and
 * writes, several messages a read.
 *
 * The input buffer holds one message of the greatest size, so nothing a peer sends makes it grow.
 * A failing write is only noted: the read side tells of every end of a connection, and tells it
 * after what the peer had said before.
 */
#include "daemon/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

enum {
        LENGTH_SIZE = 2,
};

struct Stream {
        const StreamEvents *events;
        void *userdata;
        sd_event_source *source; /* owns the socket */
        bool is_open;
        int write_error;
        uint64_t received;
        bool owes_ack; /* nothing was sent since something was received */

        uint8_t *output;
        size_t output_capacity;
        size_t output_size;
        size_t output_sent;

        size_t input_size;
        uint8_t input[LENGTH_SIZE + UINT16_MAX];
};

static int stream_fd(const Stream *stream) {
        return sd_event_source_get_io_fd(stream->source);
}

/* 0 or a negative errno. */
static int stream_finish_connect(Stream *stream) {
        int error = 0;
        socklen_t size = sizeof(error);

        if (getsockopt(stream_fd(stream), SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        if (error != 0)
                return -error;
        stream->is_open = true;
        stream->events->on_open(stream->userdata);
        return 0;
}

int stream_flush(Stream *stream) {
        while (stream->is_open && !stream->write_error &&
               stream->output_sent < stream->output_size) {
                ssize_t n = send(stream_fd(stream), stream->output + stream->output_sent,
                                 stream->output_size - stream->output_sent, MSG_NOSIGNAL);
                if (n >= 0) {
                        stream->output_sent += n;
                        stream->owes_ack = false;
                } else if (errno == EAGAIN) {
                        break;
                } else if (errno != EINTR) {
                        stream->write_error = -errno;
                }
        }
        if (stream->write_error)
                stream->output_sent = stream->output_size;
        stream->output_size -= stream->output_sent;
        if (stream->output_size > 0 && stream->output_sent > 0)
                memmove(stream->output, stream->output + stream->output_sent, stream->output_size);
        stream->output_sent = 0;
        bool wants_output = !stream->is_open || stream->output_size > 0;
        return sd_event_source_set_io_events(stream->source,
                                             wants_output ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void stream_acknowledge(Stream *stream) {
        int on = 1;

        if (stream->owes_ack)
                (void)setsockopt(stream_fd(stream), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
        stream->owes_ack = false;
}

/* Hands on each whole message and keeps the rest. */
static int stream_split(Stream *stream) {
        size_t start = 0;

        while (stream->input_size - start >= LENGTH_SIZE) {
                const uint8_t *message = stream->input + start + LENGTH_SIZE;
                size_t size = (size_t)message[-2] << 8 | message[-1];
                if (stream->input_size - start - LENGTH_SIZE < size)
                        break;
                int r = stream->events->on_message(message, size, stream->userdata);
                if (r < 0)
                        return -ECANCELED;
                start += LENGTH_SIZE + size;
        }
        stream->input_size -= start;
        memmove(stream->input, stream->input + start, stream->input_size);
        return 0;
}

/* 1: go on; 0: the peer closed; else a negative errno. */
static int stream_read(Stream *stream) {
        ssize_t n = recv(stream_fd(stream), stream->input + stream->input_size,
                         sizeof(stream->input) - stream->input_size, 0);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 1 : -errno;
        if (n == 0)
                return stream->write_error;
        stream->received += n;
        stream->owes_ack = true;
        stream->input_size += n;
        int r = stream_split(stream);
        return r < 0 ? r : 1;
}

/* As stream_read(). */
static int stream_step(Stream *stream, uint32_t revents) {
        int r;

        if (!stream->is_open) {
                r = stream_finish_connect(stream);
                if (r < 0)
                        return r;
        } else if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = stream_read(stream);
                if (r <= 0)
                        return r;
        }
        r = stream_flush(stream);
        return r < 0 ? r : 1;
}

static int stream_on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Stream *stream = userdata;

        int r = stream_step(stream, revents);
        if (r <= 0) {
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
                stream->events->on_close(r, stream->userdata);
        }
        return 0;
}

static int stream_connect(sd_event *event, const struct sockaddr *address, socklen_t address_size,
                          Stream *stream) {
        int on = 1;

        int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        int r = sd_event_add_io(event, &stream->source, fd, EPOLLOUT, stream_on_io, stream);
        if (r < 0) {
                close(fd);
                return r;
        }
        r = sd_event_source_set_io_fd_own(stream->source, true);
        if (r < 0)
                return r;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (connect(fd, address, address_size) < 0 && errno != EINPROGRESS)
                return -errno;
        return 0;
}

int stream_new(sd_event *event, const struct sockaddr *address, socklen_t address_size,
               const StreamEvents *events, void *userdata, Stream **ret_stream) {
        /* Not calloc: the input buffer's pages are touched only if they are used. */
        Stream *stream = malloc(sizeof(*stream));
        if (!stream)
                return -ENOMEM;
        memset(stream, 0, offsetof(Stream, input));
        stream->events = events;
        stream->userdata = userdata;
        int r = stream_connect(event, address, address_size, stream);
        if (r < 0) {
                stream_free(stream);
                return r;
        }
        *ret_stream = stream;
        return 0;
}

Stream *stream_free(Stream *stream) {
        if (!stream)
                return NULL;
        sd_event_source_disable_unref(stream->source);
        free(stream->output);
        free(stream);
        return NULL;
}

bool stream_is_open(const Stream *stream) {
        return stream->is_open;
}

uint64_t stream_received(const Stream *stream) {
        return stream->received;
}

int stream_send(Stream *stream, const uint8_t *bytes, size_t size) {
        size_t needed = stream->output_size + LENGTH_SIZE + size;

        if (needed > stream->output_capacity) {
                size_t capacity = needed < 2048 ? 2048 : needed * 2;
                uint8_t *output = realloc(stream->output, capacity);
                if (!output)
                        return -ENOMEM;
                stream->output = output;
                stream->output_capacity = capacity;
        }
        uint8_t *end = stream->output + stream->output_size;
        end[0] = size >> 8;
        end[1] = size & 0xff;
        memcpy(end + LENGTH_SIZE, bytes, size);
        stream->output_size = needed;
        return 0;
}
