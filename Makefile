# make help | all | demo | check | check-asan | check-tsan | check-valgrind | fuzz | bench | cov | lint | format | install | clean
CONFIG  ?= release
PREFIX  ?= /usr/local
PYTHON  ?= python3
BUILD   ?= build/$(CONFIG)
VERSION := 0.1.0
PKGS    := libmicrohttpd libcurl jansson libgit2 openssl sqlite3 yaml-0.1 libcmark-gfm libseccomp
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
           -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wnull-dereference \
           -Wdouble-promotion -Wimplicit-fallthrough -Wunused-result -Wno-format-truncation -Wno-unknown-warning-option
ifdef WERROR
WARN    += -Werror
endif
FLAGS_debug    := -O0 -g3
FLAGS_release  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_asan     := -O1 -g3 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan     := -O1 -g3 -fsanitize=thread
FLAGS_cov      := -O0 -g3 --coverage
FLAGS_fuzz     := -O1 -g3 -fsanitize=fuzzer-no-link,address,undefined
CFLAGS_ALL      = -std=c17 -D_GNU_SOURCE -DVDO_VERSION='"$(VERSION)"' -Iinclude $(PKG_CFLAGS) $(WARN) $(FLAGS_$(CONFIG)) \
                  -fno-common -fvisibility=hidden -MMD -MP $(CFLAGS)
LDFLAGS_ALL     = $(filter -fsanitize% --coverage,$(FLAGS_$(CONFIG))) $(LDFLAGS)
PKG_CFLAGS     := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS           := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcmark-gfm-extensions -lcmark-gfm -lm -lpthread

# ROOMS="base json" builds only these folders of src: for working in one room while another is being rebuilt.
SRC    := $(sort $(shell find $(if $(ROOMS),$(addprefix src/,$(ROOMS)),src) -name '*.c'))
LIB    := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(filter-out src/main.c,$(SRC)))
ASSETS := $(sort $(shell find templates config src/store/*/migrations -type f 2>/dev/null))
UNIT   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(shell find tests/unit tests/integration -name 'test_*.c' 2>/dev/null)))
FUZZ   := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH  := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
SUPPORT := $(sort $(wildcard tests/support/*.c))

all: $(BUILD)/vdo
help: ; @head -1 $(firstword $(MAKEFILE_LIST))

$(BUILD)/vdo: $(BUILD)/obj/main.o $(BUILD)/libvdo.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
	@ln -sf $(CONFIG)/vdo build/vdo
$(BUILD)/libvdo.a: $(LIB) $(BUILD)/obj/assets.o
	@rm -f $@
	$(AR) rcsP $@ $^
$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

# Every file below templates/, config/ and the migrations becomes part of the program (base/assets.h).
$(BUILD)/assets.list: FORCE
	@mkdir -p $(@D)
	@echo $(ASSETS) | cmp -s - $@ || echo $(ASSETS) > $@
$(BUILD)/obj/assets.o: src/base/embed.sh $(ASSETS) $(BUILD)/assets.list
	@mkdir -p $(@D)
	sh src/base/embed.sh $(BUILD)/assets.S $(ASSETS)
	$(CC) -c -o $@ $(BUILD)/assets.S

$(BUILD)/tests/%: tests/%.c $(BUILD)/libvdo.a $(SUPPORT)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests/support $(LDFLAGS_ALL) -o $@ $< $(SUPPORT) $(BUILD)/libvdo.a -lcmocka $(LIBS)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libvdo.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(FUZZ_MAIN) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libvdo.a $(SUPPORT)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests/support $(LDFLAGS_ALL) -o $@ $< $(SUPPORT) $(BUILD)/libvdo.a -lcmocka $(LIBS)

FORCE:
clean: ; rm -rf build
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all help clean FORCE
