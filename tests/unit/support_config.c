#include "tests/unit/support_config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keys.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

static char default_keytab[256];

/* Takes the place of the C library's: another file lies at the default path, or none. */
int open(const char *path, int flags, ...) {
        int (*original)(const char *, int, ...) =
                (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
        mode_t mode = 0;
        va_list arguments;

        if (flags & (O_CREAT | O_TMPFILE)) {
                va_start(arguments, flags);
                mode = va_arg(arguments, mode_t);
                va_end(arguments);
        }
        if (strcmp(path, config_key_get(KEY_KEYTAB)->fallback) != 0)
                return original(path, flags, mode);
        errno = ENOENT;
        return *default_keytab ? original(default_keytab, flags, mode) : -1;
}

void config_box_set_default_keytab(const ConfigBox *box, const char *name) {
        (void)snprintf(default_keytab, sizeof(default_keytab), "%s",
                       name ? config_box_path(box, name) : "");
}

ConfigBox *config_box_new(void) {
        ConfigBox *box = calloc(1, sizeof(*box));

        ck_assert_ptr_nonnull(box);
        strcpy(box->directory, "/tmp/check_config.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(box->directory));
        config_box_set_default_keytab(box, NULL);
        return box;
}

static int file_remove(const char *path, const struct stat *status, int type, struct FTW *walk) {
        return remove(path);
}

static void config_box_unload(ConfigBox *box) {
        box->config = config_free(box->config);
        config_report_done(&box->report);
        free(TAKE_PTR(box->text));
}

void config_box_free(ConfigBox *box) {
        config_box_unload(box);
        nftw(box->directory, file_remove, 8, FTW_DEPTH | FTW_PHYS);
        free(box);
}

const char *config_box_path(const ConfigBox *box, const char *name) {
        static char path[256];

        ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", box->directory, name),
                         (int)sizeof(path));
        return path;
}

void config_box_write_bytes(ConfigBox *box, const char *name, const void *bytes, size_t size) {
        _cleanup_(freep) char *path = strdup(config_box_path(box, name));
        char *slash = strrchr(path, '/');

        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
        FILE *file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_int_eq(chmod(path, 0640), 0);
}

void config_box_write(ConfigBox *box, const char *name, const char *text) {
        config_box_write_bytes(box, name, text, strlen(text));
}

/* All messages in one string, without the directory's name. */
static char *report_text(const ConfigBox *box) {
        size_t size, prefix = strlen(box->directory) + 1;
        char *text = NULL;
        FILE *stream = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(stream);
        for (size_t i = 0; i < box->report.n_messages; i++) {
                const char *rest = box->report.messages[i].text;
                for (const char *hit; (hit = strstr(rest, box->directory)); rest = hit + prefix)
                        fprintf(stream, "%.*s", (int)(hit - rest), rest);
                fprintf(stream, "%s\n", rest);
        }
        ck_assert_int_eq(fclose(stream), 0);
        return text;
}

void config_box_load(ConfigBox *box, const char *credentials) {
        config_box_unload(box);
        box->result = config_load(config_box_path(box, "c.conf"), credentials, &box->config,
                                  &box->report);
        box->text = report_text(box);
}

void config_box_read(ConfigBox *box, const char *text) {
        config_box_write(box, "c.conf", text);
        config_box_load(box, NULL);
}
