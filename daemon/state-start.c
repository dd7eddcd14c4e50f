/* What a state begins with: who we are, and what was published before.
 *
 * Who we are comes before what we did (O4): on a clone of a machine the state is the other's. It
 * goes first, then the id, so that a kill in between leaves what is noticed again. A file that
 * cannot be read is kept beside the new one.
 */
#include "daemon/state-start.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/identity.h"
#include "lib/util.h"

/* A second sentence follows the first; without memory it is lost. */
_printf_(2, 3) static void say(char **sentences, const char *format, ...) {
        _cleanup_(freep) char *former = TAKE_PTR(*sentences), *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                text = NULL;
        va_end(arguments);
        if (!former || !text)
                *sentences = former ? TAKE_PTR(former) : TAKE_PTR(text);
        else if (asprintf(sentences, "%s; %s", former, text) < 0)
                *sentences = NULL;
}

/* What another machine published is neither ours to withdraw nor to claim. */
static int set_aside_clone(StateDirectory *directory, char **set_aside, char **ret_error) {
        _cleanup_(freep) char *kept = NULL;
        bool found = false;

        int r = state_directory_find_file(directory, &found, ret_error);
        if (r >= 0 && found)
                r = state_directory_set_aside(directory, "clone", &kept, ret_error);
        if (r >= 0)
                say(set_aside,
                    "the publisher id in %s is another machine's, of which this one seems to be a "
                    "clone: a new id was drawn%s%s, and a new state begins; nothing of the other "
                    "machine's records is withdrawn (for records that this machine replaces: "
                    "srvpubctl takeover DOMAIN --from OLDHOST)",
                    directory->path, kept ? ", what was published before is kept as " : "",
                    kept ? kept : "");
        return r;
}

/* Whether the state was written by a version that had a publisher id: not by format 1, whose number
   is SQLite's user version, four octets of the file's header. */
static bool has_known_ids(const char *file) {
        _cleanup_(fclosep) FILE *stream = fopen(file, "re");
        unsigned char header[64];

        return stream && fread(header, sizeof(header), 1, stream) == 1 && header[63] >= 2;
}

int state_start_identity(StateDirectory *directory, const char *machine_id_file,
                         PublisherId *ret_id, char **set_aside, char **ret_error) {
        bool found = false, cloned = false;
        PublisherId id;

        int r = state_directory_find_file(directory, &found, ret_error);
        if (r >= 0)
                r = identity_load(directory->path, machine_id_file,
                                  found && has_known_ids(directory->file), &id, &cloned, set_aside,
                                  ret_error);
        if (r >= 0 && cloned)
                r = set_aside_clone(directory, set_aside, ret_error);
        if (r >= 0 && cloned)
                r = identity_renew(directory->path, machine_id_file, &id, ret_error);
        if (r >= 0)
                *ret_id = id;
        return r;
}

int state_start_file(StateDirectory *directory, StateFile **ret_file, char **set_aside,
                     char **ret_error) {
        _cleanup_(freep) char *reason = NULL, *kept = NULL;
        bool found = false;

        int r = state_directory_find_file(directory, &found, ret_error);
        if (r < 0)
                return r;
        if (found) {
                r = state_file_open(directory->file, ret_file, &reason);
                if (r >= 0)
                        return 0;
                if (r != -EBADMSG) {
                        *ret_error = TAKE_PTR(reason);
                        return r;
                }
                r = state_directory_set_aside(directory, "bad", &kept, ret_error);
                if (r < 0)
                        return r;
        }
        r = state_directory_make_file(directory, ret_error);
        if (r >= 0)
                r = state_file_open(directory->file, ret_file, ret_error);
        if (r >= 0 && kept)
                say(set_aside,
                    "%s; it is kept as %s, and a new state begins without knowing what was "
                    "published before",
                    reason ? reason : directory->file, kept);
        return r;
}
