# srvpubd: `make` builds, `make check` tests, `make help` lists the rest.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
# The bus looks below /usr and below /etc, nowhere else.
DBUSDIR ?= $(if $(filter /usr,$(PREFIX)),$(PREFIX)/share,$(SYSCONFDIR))/dbus-1/system.d
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions
MANDIR ?= $(PREFIX)/share/man
EXAMPLESDIR ?= $(PREFIX)/share/doc/srvpubd/examples

VERSION := 0.1.0
BUILD := build

CC ?= gcc
PKGS := ldns libsystemd inih libcrypto sqlite3 libidn2 krb5-gssapi krb5
CTL_PKGS := libsystemd jansson libidn2
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wformat=2 -Wswitch-enum -Wno-unused-parameter
HARDENING := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Asked for when something is compiled, so that `make deps` and `make help` work without them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) $(CTL_PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CTL_LIBS = $(shell pkg-config --libs $(CTL_PKGS) 2>/dev/null)
# HAVE_STDBOOL_H: else ldns defines a _Bool of its own, a char.
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DHAVE_STDBOOL_H -DSRVPUBD_VERSION='"$(VERSION)"' \
	-DSRVPUBD_SYSCONFDIR='"$(SYSCONFDIR)"' -I. $(WARNINGS) -pthread -MMD -MP $(PKG_CFLAGS)

ENGINE := $(wildcard lib/*.c config/*.c) $(filter-out daemon/main.c,$(wildcard daemon/*.c))
CTL := $(filter-out daemon/ctl/main.c,$(wildcard daemon/ctl/*.c))
SUITES := $(wildcard tests/unit/check_*.c)
SUPPORT := $(wildcard tests/unit/support_*.c)
SOURCES := $(wildcard lib/*.[ch] config/*.[ch] daemon/*.[ch] daemon/ctl/*.[ch] tests/*/*.[ch])

all: $(BUILD)/srvpubd $(BUILD)/srvpubctl

help:
	@echo "make            build/srvpubd and build/srvpubctl"
	@echo "make demo       see it at work on a throw-away name server (KEEP=1: leave it running)"
	@echo "make demo-ad    the same in a throw-away Samba domain, with two hosts (root; KEEP=1)"
	@echo "make check      build with sanitizers; unit tests, scenarios on real servers and machines, lint"
	@echo "make soak       the same for longer: more kills, more histories"
	@echo "make check-system  of these only the machines, with a systemd of their own, that install the package"
	@echo "make bench      how fast beside nsupdate and the servers' limit: a table in $(BENCH) (QUICK=1: in 90 s;"
	@echo "                STRICT=1: exit 1 when a goal is missed)"
	@echo "make lint       layers, formatting, static analysis"
	@echo "make deb        the Debian package, in $(BUILD)/deb"
	@echo "make deps       install with apt what is missing for all of this"
	@echo "make uninstall  takes away what install put there; an edited srvpubd.conf stays"
	@echo "make install    PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DESTDIR=$(DESTDIR)"
	@echo "make clean"

# What is missing is installed, or named in one line.
deps: deps-build deps-test deps-samba deps-bench deps-system
deps-build deps-test deps-samba deps-bench deps-deb deps-system:
	@tests/support/deps install $(patsubst deps-%,%,$@)

# The product. Engine and client are archives; only the two main.c are not linked by tests.
$(BUILD)/engine.a: $(ENGINE:%.c=$(BUILD)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/srvpubd: $(BUILD)/obj/daemon/main.o $(BUILD)/engine.a
	$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -pthread
$(BUILD)/ctl.a: $(CTL:%.c=$(BUILD)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/srvpubctl: $(BUILD)/obj/daemon/ctl/main.o $(BUILD)/ctl.a $(BUILD)/engine.a
	$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^ $(CTL_LIBS)
$(BUILD)/obj/%.o: %.c | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(HARDENING) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The same with sanitizers, for tests.
SAN := $(BUILD)/san
$(SAN)/engine.a: $(ENGINE:%.c=$(SAN)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(SAN)/srvpubd: $(SAN)/obj/daemon/main.o $(SAN)/engine.a
	$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) -pthread
$(SAN)/ctl.a: $(CTL:%.c=$(SAN)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(SAN)/srvpubctl: $(SAN)/obj/daemon/ctl/main.o $(SAN)/ctl.a $(SAN)/engine.a
	$(CC) $(SANITIZE) -o $@ $^ $(CTL_LIBS)
$(SAN)/check_%: $(SAN)/obj/tests/unit/check_%.o $(SUPPORT:%.c=$(SAN)/obj/%.o) $(SAN)/ctl.a $(SAN)/engine.a
	$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) $(CTL_LIBS) $(shell pkg-config --libs check) -pthread
$(SAN)/obj/%.o: %.c | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(SANITIZE) -c -o $@ $<

present:
	@tests/support/deps check build

# Recursive, because the compilers' flags are asked for after the packages are there.
programs: $(SUITES:tests/unit/%.c=$(SAN)/%) $(SAN)/srvpubd $(SAN)/srvpubctl all

demo: deps-build
	@tests/support/deps install demo
	@$(MAKE) --no-print-directory -j$$(nproc) --silent all
	@tests/demo $(if $(KEEP),--keep)

demo-ad: deps-build
	@tests/support/deps install demo-ad
	@$(MAKE) --no-print-directory -j$$(nproc) --silent all
	@tests/demo-ad $(if $(KEEP),--keep)

check soak: deps-build deps-test
	@$(MAKE) --no-print-directory -j$$(nproc) --silent programs
	@$(MAKE) --no-print-directory lint
	@tests/support/deps install samba || true
	@$(PACKAGE_FOR_MACHINES)
	@tests/run unit integration system $(if $(filter soak,$@),--soak)

# Programs that measure, or are measured beside srvpubd.
BENCH := $(BUILD)/bench
$(BENCH)/loop.so: tests/bench/loop.c | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ $<
$(BENCH)/%: tests/bench/%.c $(BUILD)/engine.a | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(HARDENING) $(CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(PKG_LIBS)

bench: deps-build deps-bench
	@$(MAKE) --no-print-directory -j$$(nproc) --silent all $(addprefix $(BENCH)/,sender delay floor ping loop.so)
	@tests/bench/bench $(if $(QUICK),--quick) $(if $(STRICT),--strict) $(BENCH_OPTIONS)

check-system: deps-build
	@$(PACKAGE_FOR_MACHINES)
	@tests/run system

# Where there can be no domain controller, no machines, or no package, tests/run says so.
PACKAGE_FOR_MACHINES = [ "$$(id -u)" != 0 ] || ! tests/support/deps install system || \
	$(MAKE) --no-print-directory --silent $(DEB)

# Directories too: a file that has gone counts.
DEB := $(BUILD)/deb/built
$(DEB): $(shell find * -path build -prune -o -path tests -prune -o -print)
	@rm -rf $(@D) && mkdir -p $(@D)/srvpubd && touch $(@D)/begun
	@tar -c --exclude-vcs --exclude=./$(BUILD) . | tar -x -C $(@D)/srvpubd
	@cd $(@D)/srvpubd && unset MAKEFLAGS MFLAGS MAKELEVEL && \
		dpkg-buildpackage -us -uc -b -J >../build.log 2>&1 || { cat ../build.log; exit 1; }
	@mkdir $(@D)/tmp && TMPDIR=$(abspath $(@D)/tmp) lintian -I --allow-root --fail-on error,warning $(@D)/*.changes
	@rm -rf $(@D)/tmp
	@mv $(@D)/begun $@

deb: deps-build deps-deb
	@$(MAKE) --no-print-directory --silent $(DEB)
	@ls $(BUILD)/deb/srvpubd_*.deb

lint: deps-test all
	@tests/support/lint $(SOURCES)
	@tests/support/check-documents

# Text files name the paths of this installation.
CONFDIR = $(SYSCONFDIR)/srvpubd
INSTALL_TEXT = sed 's,@SBINDIR@,$(SBINDIR),g; s,/etc/srvpubd,$(CONFDIR),g' $(1) | install -D -m 644 /dev/stdin $(DESTDIR)$(2)
INSTALLED = $(SBINDIR)/srvpubd $(BINDIR)/srvpubctl $(UNITDIR)/srvpubd.service $(SYSUSERSDIR)/srvpubd.conf \
	$(CATALOGDIR)/srvpubd.catalog $(DBUSDIR)/org.srvpubd1.conf $(COMPLETIONSDIR)/srvpubctl \
	$(MANDIR)/man8/srvpubd.8 $(MANDIR)/man5/srvpubd.conf.5 $(MANDIR)/man1/srvpubctl.1 \
	$(EXAMPLESDIR)/credential.conf
# The bus reads a policy when it appears: before there is the user whom it names.
RELOAD_BUS = { systemctl --quiet reload dbus.service 2>/dev/null || true; }
# Not below DESTDIR, and not where there is no systemd.
LIVE = test -n "$(DESTDIR)" || test ! -d /run/systemd/system ||

install: all
	install -D -m 755 $(BUILD)/srvpubd $(DESTDIR)$(SBINDIR)/srvpubd
	install -D -m 755 $(BUILD)/srvpubctl $(DESTDIR)$(BINDIR)/srvpubctl
	$(call INSTALL_TEXT,systemd/srvpubd.service.in,$(UNITDIR)/srvpubd.service)
	install -D -m 644 systemd/srvpubd.sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/srvpubd.conf
	install -D -m 644 systemd/srvpubd.catalog $(DESTDIR)$(CATALOGDIR)/srvpubd.catalog
	install -D -m 644 systemd/org.srvpubd1.conf $(DESTDIR)$(DBUSDIR)/org.srvpubd1.conf
	install -D -m 644 systemd/srvpubctl.bash $(DESTDIR)$(COMPLETIONSDIR)/srvpubctl
	$(call INSTALL_TEXT,daemon/srvpubd.8,$(MANDIR)/man8/srvpubd.8)
	$(call INSTALL_TEXT,daemon/ctl/srvpubctl.1,$(MANDIR)/man1/srvpubctl.1)
	$(call INSTALL_TEXT,config/srvpubd.conf.5,$(MANDIR)/man5/srvpubd.conf.5)
	$(call INSTALL_TEXT,systemd/example-credential.conf,$(EXAMPLESDIR)/credential.conf)
	install -d $(DESTDIR)$(CONFDIR)/srvpubd.conf.d
	test -e $(DESTDIR)$(CONFDIR)/srvpubd.conf || \
		install -m 644 config/srvpubd.conf $(DESTDIR)$(CONFDIR)/srvpubd.conf
	@$(LIVE) { systemd-sysusers $(SYSUSERSDIR)/srvpubd.conf && journalctl --update-catalog && \
		systemctl daemon-reload && $(RELOAD_BUS); }

# An edited srvpubd.conf stays, and so do keys, /var/lib/srvpubd and the user srvpubd.
uninstall:
	@$(LIVE) systemctl disable --now srvpubd || true
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	! cmp -s config/srvpubd.conf $(DESTDIR)$(CONFDIR)/srvpubd.conf || \
		rm $(DESTDIR)$(CONFDIR)/srvpubd.conf
	rmdir --ignore-fail-on-non-empty $(wildcard $(addprefix $(DESTDIR),$(CONFDIR)/srvpubd.conf.d \
		$(CONFDIR) $(EXAMPLESDIR) $(dir $(EXAMPLESDIR))))
	@$(LIVE) { journalctl --update-catalog && systemctl daemon-reload && $(RELOAD_BUS); }

clean:
	rm -rf $(BUILD)

.PHONY: all help deps deps-build deps-test deps-samba deps-bench deps-deb deps-system present programs demo demo-ad bench check soak check-system deb lint \
	install uninstall clean
.SECONDARY:
-include $(shell find $(BUILD)/obj $(SAN)/obj -name '*.d' 2>/dev/null)
