/* nameserver lines, up to 8 of them, IPv6 with its %scope too. DHCP clients and VPNs rewrite or
 * replace the file at any time: it is read again when its inode, size or time of change differ.
 * What is no regular file, or too great to be meant, counts as not there.
 */
#include "daemon/resolv-conf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/util.h"

enum {
        FILE_SIZE_MAX = 64 * 1024,
};

#define LOOK_INTERVAL_USEC USEC_PER_SEC

struct ResolvConf {
        char *path;
        bool was_looked_at;
        uint64_t looked_usec;
        struct stat seen; /* zeros: no file */
        size_t n_servers;
        Endpoint servers[RESOLV_CONF_SERVERS_MAX];
};

int resolv_conf_new(const char *path, ResolvConf **ret_conf) {
        ResolvConf *conf = calloc(1, sizeof(*conf));
        if (!conf)
                return -ENOMEM;
        conf->path = strdup(path);
        if (!conf->path) {
                resolv_conf_free(conf);
                return -ENOMEM;
        }
        *ret_conf = conf;
        return 0;
}

ResolvConf *resolv_conf_free(ResolvConf *conf) {
        if (!conf)
                return NULL;
        free(conf->path);
        free(conf);
        return NULL;
}

static void resolv_conf_parse(ResolvConf *conf, char *text) {
        static const char keyword[] = "nameserver";
        static const size_t length = sizeof(keyword) - 1;

        for (char *line; (line = strsep(&text, "\n"));) {
                char *rest = line + length;
                if (strncmp(line, keyword, length) != 0 || !strchr(" \t", *rest))
                        continue;
                char *address = strtok_r(rest, " \t\r", &rest);
                Endpoint *server = &conf->servers[conf->n_servers];
                if (!address || endpoint_from_text(address, server) < 0 ||
                    server->family == AF_UNSPEC)
                        continue;
                if (++conf->n_servers == ELEMENTSOF(conf->servers))
                        break;
        }
}

static void resolv_conf_read(ResolvConf *conf) {
        _cleanup_(fclosep) FILE *file = NULL;
        _cleanup_(freep) char *text = NULL;

        conf->n_servers = 0;
        if (S_ISREG(conf->seen.st_mode) && conf->seen.st_size <= FILE_SIZE_MAX)
                file = fopen(conf->path, "re");
        text = calloc(1, FILE_SIZE_MAX + 1);
        if (file && text && fread(text, 1, FILE_SIZE_MAX, file) > 0)
                resolv_conf_parse(conf, text);
        if (conf->n_servers == 0)
                (void)endpoint_from_text("127.0.0.1", &conf->servers[conf->n_servers++]);
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
               a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const Endpoint *resolv_conf_servers(ResolvConf *conf, uint64_t now_usec, size_t *ret_n) {
        if (!conf->was_looked_at || now_usec - conf->looked_usec >= LOOK_INTERVAL_USEC) {
                struct stat now = {};
                (void)stat(conf->path, &now);
                if (!conf->was_looked_at || !is_same_file(&now, &conf->seen)) {
                        conf->seen = now;
                        resolv_conf_read(conf);
                }
                conf->was_looked_at = true;
                conf->looked_usec = now_usec;
        }
        *ret_n = conf->n_servers;
        return conf->servers;
}
