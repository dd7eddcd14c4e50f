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

static KeyCheckFile *file_free(KeyCheckFile *file) {
        if (!file)
                return NULL;
        free(file->path);
        free(file->error);
        free(file);
        return NULL;
}

DEFINE_CLEANUP(KeyCheckFile, file_free)

static int file_compare(const void *a, const void *b) {
        const KeyCheckFile *first = a, *second = b;

        return first->key != second->key ? (int)first->key - (int)second->key
                                         : strcmp(first->path, second->path);
}

static void node_free(void *file) {
        file_free(file);
}

void key_check_done(KeyCheck *check) {
        tdestroy(check->files, node_free);
        check->files = NULL;
}

static int file_load(KeyCheckFile *file) {
        char error[KEY_FILE_ERROR_MAX] = "";
        TsigKey key;

        if (file->key == KEY_KEYTAB) {
                file->result = keytab_file_check(file->path, &file->others_read, error);
        } else {
                file->result = key_file_load(file->path, &key, &file->others_read, error);
                if (file->result == 0) {
                        file->is_weak = key.algorithm == TSIG_HMAC_SHA1;
                        tsig_key_wipe(&key);
                }
        }
        if (file->result == -ENOMEM)
                return -ENOMEM;
        if (file->result < 0 && !(file->error = strdup(error)))
                return -ENOMEM;
        return 0;
}

static int file_new(ConfigKeyId key, const char *path, KeyCheckFile **ret_file) {
        _cleanup_(file_freep) KeyCheckFile *file = calloc(1, sizeof(*file));

        if (!file)
                return -ENOMEM;
        file->key = key;
        file->path = strdup(path);
        int r = file->path ? file_load(file) : -ENOMEM;
        if (r < 0)
                return r;
        *ret_file = TAKE_PTR(file);
        return 0;
}

/* NULL without memory. */
static KeyCheckFile *file_try(KeyCheck *check, Loader *loader, ConfigKeyId key, const char *path) {
        const KeyCheckFile wanted = {.key = key, .path = (char *)path};
        KeyCheckFile **found = tfind(&wanted, &check->files, file_compare), *file;

        if (found)
                return *found;
        int r = file_new(key, path, &file);
        if (r == 0 && !tsearch(file, &check->files, file_compare)) {
                file_free(file);
                r = -ENOMEM;
        }
        if (r < 0)
                loader->error = r;
        return r < 0 ? NULL : file;
}

/* A name without slash is a credential (systemd.exec(5), LoadCredential=). */
static int file_path(Loader *loader, Source source, const ConfigKey *key, const char *name,
                     char **ret_path) {
        int r;

        if (name[0] != '/' && !loader->credentials_directory) {
                loader_say(loader, LOG_ERR, source,
                           "%s=%s: a name without slash is a credential, but there is no "
                           "$CREDENTIALS_DIRECTORY; give an absolute path, or LoadCredential= in "
                           "the unit",
                           key->name, name);
                return -EINVAL;
        }
        r = name[0] == '/' ? asprintf(ret_path, "%s", name)
                           : asprintf(ret_path, "%s/%s", loader->credentials_directory, name);
        if (r < 0)
                return loader->error = -ENOMEM;
        return 0;
}

static void file_tell(Loader *loader, Source source, const char *name, KeyCheckFile *file) {
        const char *key = config_key_get(file->key)->name;

        if (file->told)
                return;
        file->told = true;
        if (file->result < 0)
                loader_say(loader, LOG_ERR, source, "%s=%s: %s", key, name, file->error);
        if (file->others_read)
                loader_say(loader, LOG_WARNING, source,
                           "%s=%s: others than its owner and group can read the key; chmod "
                           "o= takes that away",
                           key, name);
        if (file->is_weak)
                loader_say(loader, LOG_WARNING, source,
                           "%s=%s: the key uses hmac-sha1, which is no longer recommended; "
                           "hmac-sha256 is",
                           key, name);
}

void key_check(KeyCheck *check, Loader *loader, Scope *scope, ConfigKeyId id) {
        const ConfigKey *key = config_key_get(id);
        char **slot = (char **)((char *)scope + key->offset), *path;

        if (file_path(loader, scope->sets[id], key, *slot, &path) < 0)
                return;
        _cleanup_(freep) char *name = *slot;
        *slot = path;
        KeyCheckFile *file = file_try(check, loader, id, path);
        if (file)
                file_tell(loader, scope->sets[id], name, file);
}

const KeyCheckFile *key_check_default_keytab(KeyCheck *check, Loader *loader) {
        return file_try(check, loader, KEY_KEYTAB, config_key_get(KEY_KEYTAB)->fallback);
}
