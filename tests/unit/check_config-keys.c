/* The table of keys: its defaults, its advice, and the shipped srvpubd.conf against it. */
#include "config/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

/* The suite runs from the top of the tree. */
#define SHIPPED "config/srvpubd.conf"

START_TEST(test_table) {
        size_t n = 0;

        for (const ConfigKey *key = NULL; (key = config_key_each(key)); n++) {
                ck_assert_uint_eq(config_key_id(key), n);
                ck_assert_ptr_eq(config_key_get((ConfigKeyId)n), key);
                ck_assert_ptr_eq(config_key_find(key->section, key->name), key);
                ck_assert_ptr_eq(config_key_find("Domain", key->name), key->in_domain ? key : NULL);
                ck_assert_ptr_eq(config_key_find("Host", key->name), key->in_host ? key : NULL);
                /* A host's value takes the place of [Service]'s, octet by octet. */
                ck_assert(!key->in_host || (key->size == sizeof(uint16_t) &&
                                            key->host_offset + key->size <= sizeof(Host)));
                ck_assert(config_section_exists(key->section));
        }
        ck_assert_uint_eq(n, _KEY_MAX);
        ck_assert_ptr_null(config_key_find("Update", "Mode"));
        ck_assert_ptr_null(config_key_find("Update", "server"));
        ck_assert_ptr_nonnull(config_key_find("Host", "Port"));
        ck_assert_ptr_nonnull(config_key_find("Host", "Priority"));
        ck_assert_ptr_nonnull(config_key_find("Host", "Weight"));
        ck_assert_ptr_null(config_key_find("Host", "TTL"));
        ck_assert_ptr_null(config_key_find("Domain", "Port"));
        ck_assert_ptr_nonnull(config_key_find("Domain", "Lease"));
}
END_TEST

/* A default must be a value that the key's own parser takes. */
START_TEST(test_defaults) {
        Config config = {0};
        Scope *scope;

        ck_assert_int_eq(scope_new(NULL, (Source){0}, &scope), 0);
        for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                ck_assert_int_eq(config_key_reset(key, key->in_domain ? (void *)scope : &config),
                                 0);
        ck_assert_str_eq(config.service, "_vlmcs._tcp");
        ck_assert_uint_eq(config.port, 1688);
        ck_assert_uint_eq(scope->ttl_sec, 3600);
        ck_assert_uint_eq(scope->settings.max_outstanding, 32);
        ck_assert_uint_eq(scope->settings.refresh_interval_usec, USEC_INFINITY);
        ck_assert_str_eq(scope->settings.keytab, SRVPUBD_SYSCONFDIR "/srvpubd/krb5.keytab");
        scope_free(scope, NULL);
        free(config.service);
}
END_TEST

static const struct {
        const char *section, *name, *advice;
} keys[] = {
        {"Service", "Priorty", "did you mean Priority=?"},
        {"Service", "port", "did you mean Port=?"},
        {"Update", "KeyFiles", "did you mean KeyFile=?"},
        {"Update", "KeyTab", "did you mean Keytab=?"},
        {"Domain", "Principle", "did you mean Principal=?"},
        {"Update", "Port", "Port= belongs in [Service]"},
        {"Domain", "StopTimeout", "StopTimeout= belongs in [Publish]"},
        {"Domain", "Wieght", "did you mean Weight=?"},
        {"Ownership", "Leases", "did you mean Lease=?"},
        {"Ownership", "Reclaim", "allowed are Mode= Claims= Lease= ReclaimExpired= OnStop="},
        {"Ownership", "", "allowed are Mode= Claims= Lease= ReclaimExpired= OnStop="},
        {"Host", "Prot", "allowed are Port= Priority= Weight="},
        {"Host", "Wieght", "did you mean Weight=?"},
        {"Host", "TTL", "TTL= belongs in [Service]"},
        {"Host", "Target", "Target= belongs in [Service]"},
        {"Update", "Mode", "Mode= belongs in [Ownership]"},
        {"Update", "Model",
         "allowed are Server= Zone= Security= KeyFile= Keytab= Principal= Realm= Timeout= "
         "CheckInterval= RefreshInterval= RetryMin= RetryMax= MaxOutstanding="},
};

START_TEST(test_key_advice) {
        char buffer[VALUE_ERROR_MAX];

        ck_assert_str_eq(config_key_advice(keys[_i].section, keys[_i].name, buffer),
                         keys[_i].advice);
}
END_TEST

START_TEST(test_section_advice) {
        char buffer[VALUE_ERROR_MAX];

        ck_assert_str_eq(config_section_advice("Servcie", buffer), "did you mean [Service]?");
        ck_assert_str_eq(config_section_advice("publish", buffer), "did you mean [Publish]?");
        ck_assert_str_eq(config_section_advice("Domian a.com", buffer),
                         "did you mean [Domain NAME]?");
        ck_assert_str_eq(config_section_advice("Hots a.com", buffer),
                         "allowed are [Service], [Publish], [Update], [Ownership], [Domain NAME] "
                         "and [Host NAME]");
        ck_assert_str_eq(config_section_advice("Hosts", buffer), "did you mean [Host NAME]?");
        ck_assert_ptr_nonnull(strstr(config_section_advice("", buffer), "allowed are"));
}
END_TEST

static void line_trim(char *line) {
        line[strcspn(line, "\n")] = '\0';
}

/* Each key stands in its section in the table's order, commented out with its default, under a
   comment of one sentence. */
START_TEST(test_shipped) {
        _cleanup_(fclosep) FILE *file = fopen(SHIPPED, "re");
        char line[256], above[256] = "", wanted[256], section[64] = "";
        const ConfigKey *key = config_key_each(NULL);
        const size_t folder = strlen(SRVPUBD_SYSCONFDIR);

        ck_assert_msg(file != NULL, "%s: run this from the top of the tree", SHIPPED);
        while (key && fgets(line, sizeof(line), file)) {
                line_trim(line);
                /* The file names the path before it is installed. */
                bool is_path = strncmp(key->fallback, SRVPUBD_SYSCONFDIR "/", folder + 1) == 0;
                snprintf(wanted, sizeof(wanted), "#%s=%s%s", key->name, is_path ? "/etc" : "",
                         key->fallback + (is_path ? folder : 0));
                if (line[0] == '[')
                        sscanf(line, "[%63[^]]", section);
                if (strcmp(line, wanted) == 0 && strcmp(section, key->section) == 0) {
                        ck_assert_msg(strncmp(above, "# ", 2) == 0 &&
                                              above[strlen(above) - 1] == '.',
                                      "%s= has no sentence", key->name);
                        key = config_key_each(key);
                } else {
                        ck_assert_msg(line[0] != '#' ||
                                              !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", line[1]) ||
                                              !line[1],
                                      "%s is not %s", line, wanted);
                }
                memcpy(above, line, sizeof(above));
        }
        ck_assert_msg(!key, "%s= is missing", key ? key->name : "");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, test_table);
        tcase_add_test(tcase, test_defaults);
        tcase_add_loop_test(tcase, test_key_advice, 0, ELEMENTSOF(keys));
        tcase_add_test(tcase, test_section_advice);
        tcase_add_test(tcase, test_shipped);
}

UNIT_MAIN("config-keys", add_tests)
