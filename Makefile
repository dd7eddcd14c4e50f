# srvpubd: `make` builds, `make check` tests, `make help` lists the rest.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=

VERSION := 0.1.0
BUILD := build

CC ?= gcc
PKGS := ldns libsystemd inih libcrypto sqlite3 libidn2
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wformat=2 -Wswitch-enum -Wno-unused-parameter
HARDENING := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Asked for when something is compiled, so that `make deps` and `make help` work without them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null)
# HAVE_STDBOOL_H: else ldns defines a _Bool of its own, a char.
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DHAVE_STDBOOL_H -DSRVPUBD_VERSION='"$(VERSION)"' \
	-DSRVPUBD_SYSCONFDIR='"$(SYSCONFDIR)"' -I. $(WARNINGS) -pthread -MMD -MP $(PKG_CFLAGS)

ENGINE := $(wildcard lib/*.c config/*.c) $(filter-out daemon/main.c,$(wildcard daemon/*.c))
SUITES := $(wildcard tests/unit/check_*.c)
SUPPORT := $(wildcard tests/unit/support_*.c)
SOURCES := $(wildcard lib/*.[ch] config/*.[ch] daemon/*.[ch] daemon/ctl/*.[ch] tests/*/*.[ch])

all: $(BUILD)/srvpubd

help:
	@echo "make            build/srvpubd"
	@echo "make demo       see it at work on a throw-away name server (KEEP=1: leave it running)"
	@echo "make check      build with sanitizers; unit tests, scenarios on real servers, lint"
	@echo "make soak       the same for longer: more kills, more histories"
	@echo "make lint       layers, formatting, static analysis"
	@echo "make deps       install with apt what is missing for all of this"
	@echo "make install    PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DESTDIR=$(DESTDIR)"
	@echo "make clean"

# What is missing is installed, or named in one line.
deps deps-build deps-test:
	@tests/support/deps install $(patsubst deps%,%,$(subst -,,$@))

# The product. The engine is an archive; main.c is the only file that tests do not link.
$(BUILD)/engine.a: $(ENGINE:%.c=$(BUILD)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/srvpubd: $(BUILD)/obj/daemon/main.o $(BUILD)/engine.a
	$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -pthread
$(BUILD)/obj/%.o: %.c | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(HARDENING) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The same with sanitizers, for tests.
SAN := $(BUILD)/san
$(SAN)/engine.a: $(ENGINE:%.c=$(SAN)/obj/%.o)
	@rm -f $@ && ar rcs $@ $^
$(SAN)/srvpubd: $(SAN)/obj/daemon/main.o $(SAN)/engine.a
	$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) -pthread
$(SAN)/check_%: $(SAN)/obj/tests/unit/check_%.o $(SUPPORT:%.c=$(SAN)/obj/%.o) $(SAN)/engine.a
	$(CC) $(SANITIZE) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check) -pthread
$(SAN)/obj/%.o: %.c | present
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(SANITIZE) -c -o $@ $<

present:
	@tests/support/deps check build

# Recursive, because the compilers' flags are asked for after the packages are there.
programs: $(SUITES:tests/unit/%.c=$(SAN)/%) $(SAN)/srvpubd $(BUILD)/srvpubd

demo: deps-build
	@tests/support/deps install demo
	@$(MAKE) --no-print-directory -j$$(nproc) --silent $(BUILD)/srvpubd
	@tests/demo $(if $(KEEP),--keep)

check soak: deps-build deps-test
	@$(MAKE) --no-print-directory -j$$(nproc) --silent programs
	@$(MAKE) --no-print-directory lint
	@tests/run $(if $(filter soak,$@),--soak)

lint: deps-test
	@tests/support/lint $(SOURCES)

install: all
	install -D -m 755 $(BUILD)/srvpubd $(DESTDIR)$(PREFIX)/sbin/srvpubd
	test -e $(DESTDIR)$(SYSCONFDIR)/srvpubd/srvpubd.conf || \
		install -D -m 644 config/srvpubd.conf $(DESTDIR)$(SYSCONFDIR)/srvpubd/srvpubd.conf

clean:
	rm -rf $(BUILD)

.PHONY: all help deps deps-build deps-test present programs demo check soak lint install clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
