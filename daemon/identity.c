/* The publisher id (O4): drawn once, at random, and kept in a file of its own, so that a lost state
 * does not make us a stranger to our own claims.
 *
 * An image of a machine takes the file along, and two publishers with one id would each withdraw
 * what the other publishes. So a second line holds a hash of the machine id, which every clone gets
 * anew (machine-id(5)); a hash of our own, since the machine id itself is not to be spread. Whether
 * it is another's is only said where both are known: a container often has no machine id. What was
 * written without one is bound to the machine as soon as it has one.
 *
 * The file is read as if someone else had written it: exactly two lines of hexadecimal digits.
 */
#include "daemon/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "daemon/private-file.h"
#include "lib/util.h"

#define FILE_NAME "publisher-id"
#define NEW_NAME FILE_NAME ".new"
#define HASH_PREFIX "srvpubd, of the machine id: "

enum {
        HASH_TEXT_MAX = 2 * SHA256_DIGEST_LENGTH + 1,
        FILE_SIZE = PUBLISHER_ID_TEXT_MAX + HASH_TEXT_MAX, /* each with a newline for its NUL */
};

typedef struct Identity {
        PublisherId id;
        char machine[HASH_TEXT_MAX];
} Identity;

typedef struct Place {
        int fd;     /* the directory */
        char *path; /* of the file */
} Place;

static void place_done(Place *place) {
        if (place->fd >= 0)
                close(place->fd);
        free(place->path);
}

static int place_open(const char *directory, Place *ret_place) {
        Place place = {.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

        if (place.fd < 0)
                return -errno;
        if (asprintf(&place.path, "%s/" FILE_NAME, directory) < 0) {
                close(place.fd);
                return -ENOMEM;
        }
        *ret_place = place;
        return 0;
}

/* --- the machine ------------------------------------------------------------------------------ */

/* "" for what is no machine id: none, "uninitialized" as in an image that was never started. */
static void machine_id_read(const char *path, char ret_text[static SD_ID128_STRING_MAX]) {
        char text[64];
        sd_id128_t id;

        *ret_text = '\0';
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        close(fd);
        if (n < 0)
                return;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        if (sd_id128_from_string(text, &id) >= 0 && !sd_id128_is_null(id))
                (void)sd_id128_to_string(id, ret_text);
}

static void machine_hash(const char *machine_id, char ret_text[static HASH_TEXT_MAX]) {
        char text[sizeof(HASH_PREFIX) + SD_ID128_STRING_MAX];
        unsigned char hash[SHA256_DIGEST_LENGTH];

        int n = snprintf(text, sizeof(text), HASH_PREFIX "%s", machine_id);
        SHA256((const unsigned char *)text, (size_t)n, hash);
        for (size_t i = 0; i < sizeof(hash); i++)
                (void)snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
}

static void machine_of(const char *machine_id_file, char ret_text[static HASH_TEXT_MAX]) {
        char machine_id[SD_ID128_STRING_MAX];

        machine_id_read(machine_id_file, machine_id);
        machine_hash(machine_id, ret_text);
}

static bool machine_is_known(const char *machine) {
        char nothing[HASH_TEXT_MAX];

        machine_hash("", nothing);
        return strcmp(machine, nothing) != 0;
}

static bool machine_is_other(const char *a, const char *b) {
        return strcmp(a, b) != 0 && machine_is_known(a) && machine_is_known(b);
}

/* --- the file --------------------------------------------------------------------------------- */

static int identity_parse(char *text, size_t size, Identity *ret_identity) {
        static const PublisherId none;
        char *machine = text + PUBLISHER_ID_TEXT_MAX;
        Identity identity;

        if (size != FILE_SIZE || machine[-1] != '\n' ||
            strspn(machine, "0123456789abcdef") != HASH_TEXT_MAX - 1 || text[FILE_SIZE - 1] != '\n')
                return -EBADMSG;
        machine[-1] = text[FILE_SIZE - 1] = '\0';
        if (publisher_id_from_text(text, &identity.id) < 0 ||
            publisher_id_equal(&identity.id, &none))
                return -EBADMSG;
        memcpy(identity.machine, machine, HASH_TEXT_MAX);
        *ret_identity = identity;
        return 0;
}

/* -EBADMSG: it cannot be understood. */
static int identity_read(int fd, Identity *ret_identity) {
        char text[FILE_SIZE + 2] = ""; /* one more than there may be, and a NUL */
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

        return n < 0 ? -errno : identity_parse(text, (size_t)n, ret_identity);
}

/* -ENOENT, without a sentence, if there is none. */
static int place_read(const Place *place, Identity *ret_identity, char **ret_error) {
        int fd;
        int r = private_file_open(place->fd, FILE_NAME, place->path, &fd, ret_error);

        if (r < 0)
                return r;
        r = identity_read(fd, ret_identity);
        close(fd);
        if (r < 0 && r != -EBADMSG)
                return private_file_fail(ret_error, r, "cannot read %s: %s", place->path,
                                         strerror(-r));
        return r;
}

static int place_set_aside(const Place *place, const char *why, char ret_name[static NAME_MAX],
                           char **ret_error) {
        int r = private_file_free_name(place->fd, FILE_NAME, why, ret_name);

        if (r >= 0 && renameat(place->fd, FILE_NAME, place->fd, ret_name) < 0)
                r = -errno;
        return r < 0 ? private_file_fail(ret_error, r, "cannot set %s aside: %s", place->path,
                                         strerror(-r))
                     : 0;
}

static int write_whole(int fd, const Identity *identity) {
        char text[FILE_SIZE + 1], id[PUBLISHER_ID_TEXT_MAX];

        (void)snprintf(text, sizeof(text), "%s\n%s\n", publisher_id_to_text(&identity->id, id),
                       identity->machine);
        ssize_t n = write(fd, text, FILE_SIZE);
        if (n >= 0 && n < FILE_SIZE)
                return -ENOSPC;
        return n < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int replace(const Place *place, const Identity *identity) {
        if (unlinkat(place->fd, NEW_NAME, 0) < 0 && errno != ENOENT)
                return -errno;
        int fd = openat(place->fd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        int r = write_whole(fd, identity);
        close(fd);
        if (r >= 0 &&
            (renameat(place->fd, NEW_NAME, place->fd, FILE_NAME) < 0 || fsync(place->fd) < 0))
                r = -errno;
        return r;
}

static int place_write(const Place *place, const Identity *identity, char **ret_error) {
        int r = replace(place, identity);

        return r < 0 ? private_file_fail(ret_error, r, "cannot write %s: %s", place->path,
                                         strerror(-r))
                     : 0;
}

static int draw(const Place *place, const char *machine, PublisherId *ret_id, char **ret_error) {
        Identity identity;
        ssize_t n;

        do
                n = getrandom(&identity.id, sizeof(identity.id), 0);
        while (n < 0 && errno == EINTR);
        if (n != sizeof(identity.id))
                return private_file_fail(ret_error, n < 0 ? -errno : -EIO,
                                         "cannot draw a random id for %s", place->path);
        memcpy(identity.machine, machine, HASH_TEXT_MAX);
        int r = place_write(place, &identity, ret_error);
        if (r >= 0)
                *ret_id = identity.id;
        return r;
}

/* --- who we are ------------------------------------------------------------------------------- */

static void say_lost(const Place *place, const char *what, const char *kept, char **ret_lost) {
        if (asprintf(ret_lost,
                     "%s %s%s: a new publisher id was drawn, and claims under the former one count "
                     "as another publisher's (cure: srvpubctl takeover DOMAIN --from TARGET, with "
                     "this machine's own target)",
                     place->path, what, kept) < 0)
                *ret_lost = NULL;
}

static int draw_for_bad(const Place *place, const char *machine, PublisherId *ret_id,
                        char **ret_lost, char **ret_error) {
        char kept[NAME_MAX];

        int r = place_set_aside(place, "bad", kept, ret_error);
        if (r >= 0)
                r = draw(place, machine, ret_id, ret_error);
        if (r >= 0)
                say_lost(place, "cannot be understood; it is kept as ", kept, ret_lost);
        return r;
}

/* At the first start there is none; but whoever has a state had an id. */
static int draw_for_none(const Place *place, const char *machine, bool has_state,
                         PublisherId *ret_id, char **ret_lost, char **ret_error) {
        int r = draw(place, machine, ret_id, ret_error);

        if (r >= 0 && has_state)
                say_lost(place, "is missing although there is a state", "", ret_lost);
        return r;
}

static int place_open_to_write(const char *directory, Place *ret_place, char **ret_error) {
        int r = place_open(directory, ret_place);

        return r < 0 ? private_file_fail(ret_error, r, "cannot open the state directory %s: %s",
                                         directory, strerror(-r))
                     : 0;
}

int identity_load(const char *directory, const char *machine_id_file, bool has_state,
                  PublisherId *ret_id, bool *ret_cloned, char **ret_lost, char **ret_error) {
        _cleanup_(place_done) Place place = {.fd = -1};
        char machine[HASH_TEXT_MAX];
        Identity identity;

        *ret_lost = NULL;
        *ret_cloned = false;
        int r = place_open_to_write(directory, &place, ret_error);
        if (r < 0)
                return r;
        machine_of(machine_id_file, machine);
        r = place_read(&place, &identity, ret_error);
        if (r == -ENOENT)
                return draw_for_none(&place, machine, has_state, ret_id, ret_lost, ret_error);
        if (r == -EBADMSG)
                return draw_for_bad(&place, machine, ret_id, ret_lost, ret_error);
        if (r < 0)
                return r;
        if (machine_is_other(identity.machine, machine)) {
                *ret_cloned = true;
                return 0;
        }
        if (!machine_is_known(identity.machine) && machine_is_known(machine)) {
                memcpy(identity.machine, machine, HASH_TEXT_MAX);
                r = place_write(&place, &identity, ret_error);
                if (r < 0)
                        return r;
        }
        *ret_id = identity.id;
        return 0;
}

int identity_renew(const char *directory, const char *machine_id_file, PublisherId *ret_id,
                   char **ret_error) {
        _cleanup_(place_done) Place place = {.fd = -1};
        char machine[HASH_TEXT_MAX], kept[NAME_MAX];

        int r = place_open_to_write(directory, &place, ret_error);
        if (r >= 0)
                r = place_set_aside(&place, "clone", kept, ret_error);
        if (r < 0)
                return r;
        machine_of(machine_id_file, machine);
        return draw(&place, machine, ret_id, ret_error);
}

/* Whoever looks may be another user than the daemon: the owner does not count here. */
static int look_file(const char *directory, Identity *ret_identity) {
        _cleanup_(place_done) Place place = {.fd = -1};
        struct stat status;

        int r = place_open(directory, &place);
        if (r < 0)
                return r;
        int fd = openat(place.fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &status) < 0)
                r = -errno;
        else
                r = S_ISREG(status.st_mode) ? identity_read(fd, ret_identity) : -EINVAL;
        close(fd);
        return r;
}

int identity_look(const char *directory, const char *machine_id_file, PublisherId *ret_id,
                  bool *ret_cloned) {
        char machine[HASH_TEXT_MAX];
        Identity identity;

        int r = look_file(directory, &identity);
        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                return r;
        machine_of(machine_id_file, machine);
        *ret_cloned = r >= 0 && machine_is_other(identity.machine, machine);
        *ret_id = r >= 0 && !*ret_cloned ? identity.id : (PublisherId){};
        return 0;
}
