/* [Host NAME]: which hosts a configuration gives, with whose numbers, and how many. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_config.h"
#include "tests/unit/unit.h"

#define OPEN "[Update]\nSecurity=none\n"

static ConfigBox *box;

static void set_up(void) {
        box = config_box_new();
}

static void tear_down(void) {
        config_box_free(box);
}

/* The hosts as "name port priority weight;" */
static const char *hosts_text(const Config *config) {
        static char text[512];
        size_t length = 0;

        text[0] = '\0';
        for (size_t i = 0; i < config->n_hosts && length < sizeof(text); i++)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %u %u %u;",
                                           config->hosts[i].name, config->hosts[i].port,
                                           config->hosts[i].priority, config->hosts[i].weight);
        return text;
}

static const struct {
        const char *text, *hosts;
} hosts[] = {
        {OPEN, ""},
        {OPEN "[Host k2.a.com]\n", "k2.a.com 1688 0 0;"},
        {OPEN "[Host k2.a.com]\nPort=1\nPriority=2\nWeight=3\n", "k2.a.com 1 2 3;"},
        /* In the order of the files; a host that comes again goes on. */
        {OPEN "[Host z.a.com]\nPort=1\n[Host b.a.com]\n[Host Z.A.com.]\nWeight=3\nPort=2\n",
         "z.a.com 2 0 3;b.a.com 1688 0 0;"},
        /* [Service] gives the rest, before or after, but not the list, nor a [Domain]. */
        {"[Service]\nPort=1\nPriority=2\nWeight=3\n" OPEN "[Host k2.a.com]\nPriority=0\n",
         "k2.a.com 1 0 3;"},
        {OPEN "[Host k2.a.com]\nWeight=0\n[Service]\nPort=1\nPriority=2\nWeight=3\n",
         "k2.a.com 1 2 0;"},
        {OPEN "[Host k2.a.com]\nPriority=5\n[Publish]\nDnsDomainPublishList=\n a.com, 10, 20\n"
              " b.com\n[Domain b.com]\nPriority=30\nWeight=40\n",
         "k2.a.com 1688 5 0;"},
        /* An empty value takes back what was said before. */
        {OPEN "[Host k2.a.com]\nPort=1\nPort=\nWeight=4\n[Service]\nPort=9\n", "k2.a.com 9 0 4;"},
        {OPEN "[Service]\nPort=9\nWeight=9\n[Host k2.a.com]\nPort=1\nPort=\nWeight=\n",
         "k2.a.com 9 0 9;"},
        /* What a [Host] says is said of it alone. */
        {OPEN
         "[Host k2.a.com]\nPort=1\nPriority=2\nWeight=3\n[Host k3.a.com]\n[Service]\nWeight=7\n",
         "k2.a.com 1 2 3;k3.a.com 1688 0 7;"},
        /* The target's name on another port is another offer. */
        {OPEN "[Service]\nTarget=k1.a.com\n[Host k1.a.com]\nPort=1689\n", "k1.a.com 1689 0 0;"},
        {OPEN "[Host kms.müller.example]\n", "kms.xn--mller-kva.example 1688 0 0;"},
};

START_TEST(test_hosts) {
        config_box_read(box, hosts[_i].text);
        ck_assert_msg(box->result == 0 && box->report.n_messages == 0, "%s\n%s", hosts[_i].text,
                      box->text);
        ck_assert_str_eq(hosts_text(box->config), hosts[_i].hosts);
}
END_TEST

/* A [Host]'s numbers leave the target's alone. */
START_TEST(test_target_keeps_its_numbers) {
        config_box_read(box, OPEN "[Publish]\nDnsDomainPublishList=a.com\n[Host k2.a.com]\nPort=1\n"
                                  "Priority=2\nWeight=3\n");
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_uint_eq(box->config->port, 1688);
        ck_assert_uint_eq(box->config->domains[0].priority, 0);
        ck_assert_uint_eq(box->config->domains[0].weight, 0);
}
END_TEST

/* A drop-in goes on with a host of the main file, and starts outside of it. */
START_TEST(test_drop_ins) {
        config_box_write(box, "c.conf", OPEN "[Host k2.a.com]\nPort=1\n");
        config_box_write(box, "c.conf.d/1.conf", "[Host k3.a.com]\n[Host k2.a.com]\nWeight=2\n");
        config_box_write(box, "c.conf.d/2.conf", "[Host k2.a.com]\nPort=3\n[Service]\nPort=4\n");
        config_box_load(box, NULL);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_str_eq(hosts_text(box->config), "k2.a.com 3 0 2;k3.a.com 4 0 0;");
        ck_assert_uint_eq(box->config->port, 4);
        config_box_write(box, "c.conf.d/3.conf", "Port=5\n");
        config_box_load(box, NULL);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf.d/3.conf:1: "));
}
END_TEST

static void read_many(unsigned n) {
        size_t size;
        _cleanup_(freep) char *text = NULL;
        FILE *stream = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(stream);
        fprintf(stream, OPEN);
        for (unsigned round = 0; round < 2; round++)
                for (unsigned i = 0; i < n; i++)
                        fprintf(stream, "[Host k%u.a.com]\nWeight=%u\n", i, i + round);
        ck_assert_int_eq(fclose(stream), 0);
        config_box_read(box, text);
}

START_TEST(test_bound) {
        read_many(CONFIG_HOSTS_MAX);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_uint_eq(box->config->n_hosts, CONFIG_HOSTS_MAX);
        for (unsigned i = 0; i < CONFIG_HOSTS_MAX; i++)
                ck_assert_uint_eq(box->config->hosts[i].weight, i + 1);

        read_many(CONFIG_HOSTS_MAX + 1);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_errors, 2);
        ck_assert_ptr_eq(strstr(box->text, "c.conf:33: [Host k15.a.com]: too many hosts; at "
                                           "most 15\nc.conf:65: [Host k15.a.com]: too many"),
                         box->text);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, test_hosts, 0, ELEMENTSOF(hosts));
        tcase_add_test(tcase, test_target_keeps_its_numbers);
        tcase_add_test(tcase, test_drop_ins);
        tcase_add_test(tcase, test_bound);
}

UNIT_MAIN("config-hosts", add_tests)
