/* Messages. With stderr connected to the journal ($JOURNAL_STREAM names its device and inode, as
   systemd.exec(5) says) they are sent there with MESSAGE_ID= and fields; else each is one plain
   line on stderr, for a terminal, a file or a test. */

#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define LAST_USEC (100 * USEC_PER_MSEC)

enum {
        TEXT_MAX = 16 * 1024, /* the longest cure with the longest names */
        FIELD_MAX = 1100,
};

static const struct {
        int priority;
        const char *message_id;
} kinds[_LOG_KIND_MAX] = {
        [LOG_KIND_STARTED] = {LOG_INFO, "af12449017f34ca787c55c7d1330773d"},
        [LOG_KIND_STOPPED] = {LOG_INFO, "18fb7931290b406ead451b7374504f89"},
        [LOG_KIND_RELOADED] = {LOG_INFO, "df103321f015437fae54c7409cc42b05"},
        [LOG_KIND_RELOAD_REFUSED] = {LOG_ERR, "8df26a6e9ef3471a86ba3af059eca172"},
        [LOG_KIND_CONFIG_ERROR] = {LOG_ERR, "ba13eddfd9144266bde99228163b26a8"},
        [LOG_KIND_CONFIG_WARNING] = {LOG_WARNING, "f09af67b61514a79a750b111d1882733"},
        [LOG_KIND_CONFIG_NOTE] = {LOG_INFO, "c583685148e946eb96d13778f5443106"},
        [LOG_KIND_PUBLISHED] = {LOG_INFO, "c4b67bfad1f04364a5eadd410562c302"},
        [LOG_KIND_REPAIRED] = {LOG_NOTICE, "61aca6b949b548ce87500a3bca196b87"},
        [LOG_KIND_WITHDRAWN] = {LOG_INFO, "61a1b480344a44d2b6571df8e49d05c0"},
        [LOG_KIND_FAILED] = {LOG_WARNING, "d47f91da1bc04dd4814db8cc843ad207"},
        [LOG_KIND_DENIED] = {LOG_ERR, "c1d229386dcb4fd7981d922ebc6ebc75"},
        [LOG_KIND_STANDBY] = {LOG_NOTICE, "aeac2bd3cd9d4f7e907742940dd8f3d8"},
        [LOG_KIND_OBSERVED] = {LOG_INFO, "e6d2f283e8ca422aa282707aee10c25b"},
        [LOG_KIND_OWNERSHIP] = {LOG_NOTICE, "b2a64294318441ab96a4820c3f9c5307"},
        [LOG_KIND_CONTESTED] = {LOG_WARNING, "b3f0c6d5a8e14b0f9a7d2c61e5f48a93"},
        [LOG_KIND_TAKEN] = {LOG_NOTICE, "be6ba6c3f142472b9424fb51d12708f6"},
        [LOG_KIND_OLD_SAMBA] = {LOG_NOTICE, "30a15a3cab6d4ca5a074e9f717edba88"},
        [LOG_KIND_TTL_ADOPTED] = {LOG_NOTICE, "80ffe3d7f9a04443ae17726dbb13df68"},
        [LOG_KIND_TARGET_DOUBTFUL] = {LOG_WARNING, "75e3f2fe997c40658a307b197a840c32"},
        [LOG_KIND_NO_FQDN] = {LOG_WARNING, "0acc71bcebc7410587e45eeb23909420"},
        [LOG_KIND_STATE_SET_ASIDE] = {LOG_WARNING, "222dec549d684ea39f3495ef27200242"},
        [LOG_KIND_STATE_FAILED] = {LOG_ERR, "6c3b389658144753a3c2b7803d8a2974"},
        [LOG_KIND_UNFINISHED] = {LOG_WARNING, "3a7bae2718b24c92a4211658a51c8472"},
        [LOG_KIND_NO_BUS] = {LOG_INFO, "e6137578c021402c9d972aa33c81d7d2"},
        [LOG_KIND_BUS_REFUSED] = {LOG_WARNING, "a1fcd8c272f44e7988d15d7f3e66ab58"},
        [LOG_KIND_INTERNAL] = {LOG_ERR, "090dfb2ef9164e19bd357b6bc514af7b"},
        [LOG_KIND_DEBUG] = {LOG_DEBUG, "e1e46d05435b42ddb5a04af4232fd17c"},
};

static int max_level = LOG_INFO;
static bool to_journal;

static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(int max_priority) {
        max_level = max_priority;
        to_journal = stderr_is_journal();
}

/* journald looks the sender up in /proc when it gets to a message. Without one the message has no
   unit, and `journalctl -u` does not show it. */
void log_done(void) {
        if (to_journal)
                (void)usleep(LAST_USEC);
}

bool log_wants(LogKind kind) {
        return kinds[kind].priority <= max_level;
}

static void add_field(struct iovec *iov, size_t *n, char buffer[static FIELD_MAX], const char *name,
                      const char *value) {
        if (!value || !value[0])
                return;
        (void)snprintf(buffer, FIELD_MAX, "%s=%s", name, value);
        iov[(*n)++] = (struct iovec){.iov_base = buffer, .iov_len = strlen(buffer)};
}

static void send_to_journal(LogKind kind, const LogFields *fields, const char *text) {
        char buffers[8][FIELD_MAX], message[TEXT_MAX + 16], priority[8];
        struct iovec iov[9];
        size_t n = 0;

        (void)snprintf(message, sizeof(message), "MESSAGE=%s", text);
        (void)snprintf(priority, sizeof(priority), "%d", kinds[kind].priority);
        iov[n++] = (struct iovec){.iov_base = message, .iov_len = strlen(message)};
        add_field(iov, &n, buffers[0], "PRIORITY", priority);
        add_field(iov, &n, buffers[1], "MESSAGE_ID", kinds[kind].message_id);
        add_field(iov, &n, buffers[2], "SRVPUBD_DOMAIN", fields->domain);
        add_field(iov, &n, buffers[3], "SRVPUBD_RECORD", fields->record);
        add_field(iov, &n, buffers[4], "SRVPUBD_ZONE", fields->zone);
        add_field(iov, &n, buffers[5], "SRVPUBD_SERVER", fields->server);
        add_field(iov, &n, buffers[6], "SRVPUBD_RCODE", fields->rcode);
        add_field(iov, &n, buffers[7], "SRVPUBD_STATE", fields->state);
        (void)sd_journal_sendv(iov, (int)n);
}

void log_event(LogKind kind, const LogFields *fields, const char *format, ...) {
        static const LogFields none;
        char text[TEXT_MAX];
        va_list arguments;

        if (!log_wants(kind))
                return;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (to_journal)
                send_to_journal(kind, fields ? fields : &none, text);
        else
                (void)fprintf(stderr, "%s%s\n",
                              kinds[kind].priority == LOG_WARNING ? "warning: " : "", text);
}
