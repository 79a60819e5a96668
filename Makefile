# CAPE-IP: plain GNU Make, out of tree. `make help` lists what there is.
BUILD ?= release
B := build/$(BUILD)
CC ?= cc
PKG_CONFIG ?= pkg-config
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

PACKAGES := libcurl libuv yyjson libfyaml libmicrohttpd libcrypto
TEST_PACKAGES := cmocka

.DEFAULT_GOAL := all
# Every goal but these needs the libraries: said in one line instead of a compiler error.
ifneq ($(filter-out help clean run test lint test-e2e bench fuzz,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(PACKAGES) && echo yes),yes)
$(error Libraries are missing ($(PACKAGES)): run hack/deps build)
endif
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough -Werror
CPPFLAGS += -Isrc -D_GNU_SOURCE -DCAPE_IP_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
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

CFLAGS_BUILD := $(CFLAGS_ALL) $(CFLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_BUILD := $(LDFLAGS_$(BUILD)) $(LDFLAGS)
LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lm
TEST_LIBS = $(shell $(PKG_CONFIG) --libs $(TEST_PACKAGES) 2>/dev/null)

# Everything but main() goes into one archive, so that programs and tests link what they use.
SOURCES := $(sort $(wildcard src/base/*.c src/ipam/*.c src/kube/model/*.c src/kube/*.c src/controllers/*.c src/manager/*.c))
MAINS := src/manager/main.c
LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out $(MAINS),$(SOURCES)))
LIBRARY := $(B)/libcape-ip.a
MANAGER := $(B)/bin/cape-ip-manager

UNIT_SOURCES := $(sort $(shell find tests/unit -name 'test_*.c' 2>/dev/null))
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
TEST_LIB_SOURCES := $(sort $(wildcard tests/lib/*.c))
TEST_LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(TEST_LIB_SOURCES))

.PHONY: all
all: $(MANAGER) build/bin ## Builds the programs (build/bin/)

.PHONY: build/bin
build/bin:
	@ln -sfn $(BUILD)/bin build/bin

$(MANAGER): $(B)/src/manager/main.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_BUILD) $(LDFLAGS_BUILD) -o $@ $^ $(LIBS)

$(LIBRARY): $(LIB_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_BUILD) -MMD -MP -c -o $@ $<

$(B)/tests/%.o: CPPFLAGS += -Itests
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(TEST_LIB_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_BUILD) $(LDFLAGS_BUILD) -o $@ $^ $(LIBS) $(TEST_LIBS)

.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS) ## Builds and runs the unit tests (BUILD=release|debug|asan)
	hack/run-unit $(UNIT_TESTS)

.PHONY: clean
clean: ## Removes what was built
	rm -rf build

.PHONY: help
help: ## This list
	@awk -F':.*## ' '/^[a-z_.\/-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
