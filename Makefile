# CAPE-IP: plain GNU Make, out of tree. `make help` lists what there is.
BUILD ?= release
B := build/$(BUILD)
CC ?= cc
PKG_CONFIG ?= pkg-config
JOBS ?= $(shell nproc)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

PACKAGES := libcurl libuv yyjson libfyaml libmicrohttpd libssl libcrypto sqlite3
TEST_PACKAGES := cmocka

.DEFAULT_GOAL := all
# Every goal but these needs the libraries: said in one line instead of a compiler error.
ifneq ($(filter-out help clean run test lint test-e2e bench fuzz compile_commands.json,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(PACKAGES) && echo yes),yes)
$(error Libraries are missing ($(PACKAGES)): run hack/deps build)
endif
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough -Werror
CPPFLAGS += -Isrc -D_GNU_SOURCE $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
CFLAGS_ALL := -std=gnu17 -g $(WARNINGS) -fno-common -fvisibility=hidden
HAS_CF := $(shell echo 'int main(void){return 0;}' | $(CC) -fcf-protection -x c -o /dev/null - 2>/dev/null && echo -fcf-protection)
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE $(HAS_CF)
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

CFLAGS_release := -O2 -ffunction-sections -fdata-sections $(HARDEN)
LDFLAGS_release := $(HARDEN_LD) -Wl,--gc-sections -Wl,--as-needed
CFLAGS_debug := -O0 -fPIE
LDFLAGS_debug := -pie
CFLAGS_asan := -O1 -fPIE $(SANITIZE)
LDFLAGS_asan := -pie $(SANITIZE)

FUZZ := $(SANITIZE) -fsanitize=fuzzer-no-link
CFLAGS_fuzz := -O1 -fPIE $(FUZZ)
LDFLAGS_fuzz := -pie $(SANITIZE) -fsanitize=fuzzer

CFLAGS_BUILD := $(CFLAGS_ALL) $(CFLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_BUILD := $(LDFLAGS_$(BUILD)) $(LDFLAGS)
LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lm
TEST_LIBS := $(shell $(PKG_CONFIG) --libs $(TEST_PACKAGES) 2>/dev/null)

# Everything but main() goes into one archive, so that programs and tests link what they use.
SOURCES := $(sort $(wildcard src/base/*.c src/ipam/*.c src/kube/model/*.c src/kube/*.c src/controllers/*.c src/manager/*.c))
MAINS := src/manager/main.c
LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out $(MAINS),$(SOURCES)))
LIBRARY := $(B)/libcape-ip.a
MANAGER := $(B)/bin/cape-ip-manager

DEVSERVER_SOURCES := $(sort $(wildcard src/devserver/*.c))
DEVSERVER_LIBRARY := $(B)/libdevserver.a
DEVSERVER := $(if $(wildcard src/devserver/main.c),$(B)/bin/cape-ip-devserver)

UNIT_SOURCES := $(sort $(shell find tests/unit -name 'test_*.c' 2>/dev/null))
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
TEST_LIB_SOURCES := $(sort $(wildcard tests/lib/*.c))
TEST_LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(TEST_LIB_SOURCES))
TEST_LIBRARY := $(B)/libtest.a

# `make V=1` shows the commands whole.
say = $(if $(V),,@echo "  $(1) $@" &&)
COMPILE = $(call say,CC) $(CC) $(CPPFLAGS) $(CFLAGS_BUILD) -MMD -MP -c -o $@ $<
LINK = $(call say,LD) $(CC) $(CFLAGS_BUILD) $(LDFLAGS_BUILD) -o $@ $^ $(LIBS)
ARCHIVE = $(call say,AR) $(AR) rcs $@ $^

.PHONY: all
all: $(MANAGER) $(DEVSERVER) build/bin ## Builds the programs (build/bin/)

.PHONY: build/bin
build/bin:
	@mkdir -p build && ln -sfn $(BUILD)/bin build/bin

$(MANAGER): $(B)/src/manager/main.o $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK)

$(B)/bin/cape-ip-devserver: $(B)/src/devserver/main.o $(DEVSERVER_LIBRARY) $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK)

$(DEVSERVER_LIBRARY): $(patsubst %.c,$(B)/%.o,$(filter-out src/devserver/main.c,$(DEVSERVER_SOURCES)))
	@rm -f $@
	$(ARCHIVE)

# An archive, so that a test which brings fakes of its own links no helper that needs the real thing.
$(TEST_LIBRARY): $(TEST_LIB_OBJECTS)
	@rm -f $@
	$(ARCHIVE)

$(LIBRARY): $(LIB_OBJECTS)
	@rm -f $@
	$(ARCHIVE)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE)

$(B)/tests/%.o: CPPFLAGS += -Itests
$(B)/tests/unit/%: LIBS += $(TEST_LIBS)
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(TEST_LIBRARY) $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK)
$(B)/tests/unit/devserver/%: $(B)/tests/unit/devserver/%.o $(TEST_LIBRARY) $(DEVSERVER_LIBRARY) $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK)

LOADGEN := $(B)/tests/bench/loadgen
BENCH_OBJECTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/bench/*.c)))
$(LOADGEN): $(BENCH_OBJECTS) $(LIBRARY)
	$(LINK)

# Only the one file that says the version is compiled anew when it changes.
$(B)/src/base/version.o: CPPFLAGS += -DCAPE_IP_VERSION='"$(VERSION)"'
$(B)/src/base/version.o: $(B)/version.stamp
.PHONY: version-changed
$(B)/version.stamp: version-changed
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS) ## Builds and runs the unit tests (BUILD=release|debug|asan)
	hack/run-unit $(UNIT_TESTS)

.PHONY: test
test: ## Everything hermetic, under AddressSanitizer and UBSan; installs what is missing
	hack/deps test
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=asan unit

.PHONY: test-e2e
test-e2e: ## The manager on a real etcd and kube-apiserver (built once, about five minutes)
	hack/deps e2e
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=release all
	tests/e2e/run

.PHONY: bench
bench: ## Measures on a real etcd and kube-apiserver, writes docs/benchmarks.md (CYCLES=20000)
	hack/deps e2e
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=release all build/release/tests/bench/loadgen
	tests/bench/run $(if $(CYCLES),--cycles $(CYCLES))

# libFuzzer is clang's. What was found before is tried first: tests/fuzz/corpus/TARGET/.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
.PHONY: fuzz
fuzz: ## Each fuzzer for a minute (FUZZ_SECONDS)
	hack/deps test lint
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=fuzz CC=clang fuzzers
	hack/run-fuzz $(FUZZ_SECONDS) $(addprefix build/fuzz/,$(FUZZ_TARGETS))

.PHONY: fuzzers
fuzzers: $(addprefix $(B)/,$(FUZZ_TARGETS))
$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(DEVSERVER_LIBRARY) $(LIBRARY)
	$(LINK)

.PHONY: lint
lint: ## clang-tidy, cppcheck, clang-format, shellcheck, the direction of includes
	hack/deps lint
	$(MAKE) --no-print-directory compile_commands.json
	hack/lint

.PHONY: run
run: ## Runs the manager in the foreground, on the cluster of KUBECONFIG or ~/.kube/config
	hack/deps build
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=release all
	hack/run

compile_commands.json: Makefile $(SOURCES) $(DEVSERVER_SOURCES) $(UNIT_SOURCES) $(TEST_LIB_SOURCES) ## For editors and clang-tidy
	@{ echo '['; separator=; \
	  for source in $(filter %.c,$^); do \
	    printf '%s{"directory":"%s","file":"%s","arguments":["$(CC)"' "$$separator" '$(CURDIR)' "$$source"; \
	    for word in $(CPPFLAGS) -DCAPE_IP_VERSION=\"\" -Itests $(CFLAGS_ALL); do \
	      printf ',"%s"' "$$(printf '%s' "$$word" | sed 's/["\\]/\\&/g')"; \
	    done; \
	    printf ',"-c","%s"]}\n' "$$source"; separator=,; \
	  done; echo ']'; } >$@.new && mv $@.new $@

.PHONY: clean
clean: ## Removes what was built
	rm -rf build

.PHONY: help
help: ## This list
	@awk -F':.*## ' '/^[a-z_.\/-]+:.*## /{printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
