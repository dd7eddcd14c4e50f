/*
 * Key files are read when the configuration is, so that a bad one is an error in a line of the
 * configuration, not a failure of an update later on. Only the path is kept: the daemon loads
 * the key again when it needs it, and no secret stays behind here.
 */
#include <errno.h>
#include <search.h>
#include <string.h>
#include <syslog.h>

#include "config/check-key.h"
#include "config/key-file.h"

static int path_compare(const void *a, const void *b) {
        return strcmp(a, b);
}

/* True if path is new; it is copied. */
static bool path_remember(KeyCheck *check, Loader *loader, const char *path) {
        char *copy = strdup(path);
        char **node = copy ? tsearch(copy, &check->paths, path_compare) : NULL;

        if (!node)
                loader->error = -ENOMEM;
        if (!node || *node != copy) {
                free(copy);
                return false;
        }
        return true;
}

void key_check_done(KeyCheck *check) {
        tdestroy(check->paths, free);
        check->paths = NULL;
}

/* A name without slash is a credential (systemd.exec(5), LoadCredential=). */
static int key_path(Loader *loader, const Scope *scope, char **ret_path) {
        const char *name = scope->settings.key_file;
        int r;

        if (name[0] != '/' && !loader->credentials_directory) {
                loader_say(loader, LOG_ERR, scope->sets[KEY_KEY_FILE],
                           "KeyFile=%s: a name without slash is a credential, but there is no "
                           "$CREDENTIALS_DIRECTORY; give an absolute path, or LoadCredential= in "
                           "the unit",
                           name);
                return -EINVAL;
        }
        r = name[0] == '/' ? asprintf(ret_path, "%s", name)
                           : asprintf(ret_path, "%s/%s", loader->credentials_directory, name);
        if (r < 0)
                return loader->error = -ENOMEM;
        return 0;
}

static void key_warn(Loader *loader, Source source, const char *name, const TsigKey *key,
                     bool others_read) {
        if (others_read)
                loader_say(loader, LOG_WARNING, source,
                           "KeyFile=%s: others than its owner and group can read the key; chmod "
                           "o= takes that away",
                           name);
        if (key->algorithm == TSIG_HMAC_SHA1)
                loader_say(loader, LOG_WARNING, source,
                           "KeyFile=%s: the key uses hmac-sha1, which is no longer recommended; "
                           "hmac-sha256 is",
                           name);
}

void key_check(KeyCheck *check, Loader *loader, Scope *scope) {
        Source source = scope->sets[KEY_KEY_FILE];
        char error[KEY_FILE_ERROR_MAX] = "";
        _cleanup_(freep) char *name = NULL;
        bool others_read = false;
        char *path = NULL;
        TsigKey key;

        if (key_path(loader, scope, &path) < 0)
                return;
        name = scope->settings.key_file;
        scope->settings.key_file = path;
        if (!path_remember(check, loader, path))
                return;
        int r = key_file_load(path, &key, &others_read, error);
        if (r == -ENOMEM)
                loader->error = r;
        else if (r < 0)
                loader_say(loader, LOG_ERR, source, "KeyFile=%s: %s", name, error);
        if (r < 0)
                return;
        key_warn(loader, source, name, &key, others_read);
        tsig_key_wipe(&key);
}
