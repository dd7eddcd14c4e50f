/* The configuration: text of srvpubd.conf and its drop-ins -> Config, checked as a whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth.h"
#include "lib/endpoint.h"
#include "lib/plan.h"

typedef enum OnStop {
        ON_STOP_KEEP,
        ON_STOP_WITHDRAW,
        _ON_STOP_MAX,
} OnStop;

typedef enum HomeDomain {
        HOME_DOMAIN_AUTO, /* only when the list is empty */
        HOME_DOMAIN_NO,
        HOME_DOMAIN_YES,
        _HOME_DOMAIN_MAX,
} HomeDomain;

typedef enum Claims {
        CLAIMS_AUTO, /* where a server's policy allows them (O10) */
        CLAIMS_YES,
        CLAIMS_NO,
        _CLAIMS_MAX,
} Claims;

/* [Update] and [Ownership], as they hold for one domain. Times in microseconds. */
typedef struct Settings {
        Endpoint *servers; /* empty: the zone's own primary */
        size_t n_servers;
        char *zone;        /* NULL: discovered */
        Security security; /* never "auto": resolved when the configuration is read */
        char *key_file;    /* with SECURITY_TSIG: an absolute path, or one below the credentials;
                              NULL only in settings that no domain uses */
        char *keytab;      /* with SECURITY_GSS: likewise */
        char *principal;   /* with SECURITY_GSS: name[/instance][@REALM]; NULL: not given */
        char *realm;       /* with SECURITY_GSS; NULL: not given */
        uint64_t timeout_usec;
        uint64_t check_interval_usec;
        uint64_t refresh_interval_usec; /* USEC_INFINITY: never */
        uint64_t retry_min_usec;
        uint64_t retry_max_usec;
        unsigned max_outstanding;
        Mode mode;
        Claims claims;
        uint64_t lease_usec;  /* 0: none, else CONFIG_LEASE_CHECKS check intervals at least */
        bool reclaim_expired; /* O8 */
        OnStop on_stop;
} Settings;

enum {
        CONFIG_LEASE_CHECKS = 4,
        CONFIG_HOSTS_MAX = 15, /* with the target, of the longest names, they fit one update */
};

/* One [Host]: what is published beside the target in every domain. */
typedef struct Host {
        char *name; /* A-labels, case as typed, no final dot; CLAIM_HOST_MAX characters at most */
        uint16_t port;
        uint16_t priority;
        uint16_t weight;
} Host;

/* One domain of the publish list. */
typedef struct Domain {
        char *name; /* A-labels, case as typed, no final dot */
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;
        const Settings *settings; /* the Config's */
} Domain;

typedef struct Config {
        char *service; /* two labels, "_vlmcs._tcp" */
        char *target;  /* A-labels, no final dot; NULL: this machine's FQDN */
        uint16_t port;
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;

        bool publishing;
        int log_level;       /* a syslog priority: LOG_ERR .. LOG_DEBUG */
        Endpoint *resolvers; /* addresses; empty: those of /etc/resolv.conf */
        size_t n_resolvers;
        uint64_t stop_timeout_usec;
        HomeDomain include_home_domain;

        Domain *domains; /* in the order of the files, each once */
        size_t n_domains;

        Host *hosts; /* each offer once, none that of a configured target */
        size_t n_hosts;

        Settings settings;                 /* without a [Domain] */
        struct ConfigOverrides *overrides; /* the parser's: what [Domain] sections say */
} Config;

/* What the reader has to say: one line each, "FILE:LINE: text". */
typedef struct ConfigMessage {
        int priority; /* LOG_ERR, LOG_WARNING or LOG_INFO */
        char *text;
} ConfigMessage;

typedef struct ConfigReport {
        ConfigMessage *messages;
        size_t n_messages;
        size_t n_errors; /* found; of very many not all are among the messages */
        size_t n_others;
} ConfigReport;

/* Reads file and file.d/ *.conf in name order. Every bad value of every file goes into the report,
   of syntax errors the first of each file. 0 with *ret_config (config_free); -EINVAL when the
   report has errors; -ENOMEM. The report is the caller's in each case (config_report_done).
   credentials_directory (may be NULL) is where a KeyFile= or Keytab= without a slash lies. */
int config_load(const char *file, const char *credentials_directory, Config **ret_config,
                ConfigReport *ret_report);
Config *config_free(Config *config);
void config_report_done(ConfigReport *report);

/* Whether both say the same of Resolver=. */
bool config_same_resolvers(const Config *a, const Config *b);

/* The entry for this machine's home domain, if IncludeHomeDomain= wants it and the list does not
   hold it: fills *ret_domain (name is borrowed from home) and returns true. */
bool config_home_domain(const Config *config, const char *home, Domain *ret_domain);

enum {
        CONFIG_DOMAINS_TEXT_MAX = 160,
};

/* "3 domains (2 tsig, 1 gss-tsig)": also what Security=auto has come to. */
const char *config_domains_text(const Config *config, char text[static CONFIG_DOMAINS_TEXT_MAX]);
