# 'make help' lists the targets.
CONFIG  ?= release
PREFIX  ?= /usr/local
# Debian's own interpreter: the packages of deploy/install-deps are for it, whatever else is on the PATH.
SYSTEM_PYTHON ?= /usr/bin/python3
BUILD   ?= build/$(CONFIG)
VERSION := 0.1.0
PKGS    := libmicrohttpd libcurl jansson libgit2 openssl sqlite3 yaml-0.1 libcmark-gfm libseccomp liblz4 expat
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
           -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wnull-dereference \
           -Wdouble-promotion -Wimplicit-fallthrough -Wunused-result -Wno-format-truncation $(if $(findstring clang,$(CC)),-Wno-unknown-warning-option)
# Instrumented code makes gcc see null pointers that are not there.
ifneq ($(filter asan tsan,$(CONFIG)),)
WARN    += -Wno-null-dereference -Wno-maybe-uninitialized
endif
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
SUPPORT_OBJ := $(patsubst tests/support/%.c,$(BUILD)/support/%.o,$(sort $(wildcard tests/support/*.c)))

# Wrappers use all cores unless make was told otherwise.
JOBS := $(if $(findstring j,$(MAKEFLAGS)),,-j$(shell nproc))

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' '$(1)' '$(2)'
endif

all: $(BUILD)/vdo
help:
	@echo 'make all             build/release/vdo (CONFIG=debug asan tsan cov fuzz for others, V=1 shows commands)'
	@echo 'make demo            install what is missing, build, run the main job from issue to pull request offline'
	@echo 'make check           install what is missing; unit, integration and end-to-end tests, fuzz corpora'
	@echo 'make check-asan      the same under AddressSanitizer and UBSan; check-tsan; check-valgrind (without end-to-end tests)'
	@echo 'make fuzz            every fuzz target for FUZZ_SECONDS (30)'
	@echo 'make bench           measurements, each beside its baseline'
	@echo 'make cov             coverage of src by the tests (gcovr)'
	@echo 'make lint            format, layers, libraries, headers alone, options documented'
	@echo 'make tidy            clang-tidy over src'
	@echo 'make format          clang-format over the tree'
	@echo 'make install         PREFIX=/usr/local DESTDIR='
	@echo 'make clean'

$(BUILD)/vdo: $(BUILD)/obj/main.o $(BUILD)/libvdo.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
	@ln -sfn $(patsubst build/%,%,$@) build/vdo
$(BUILD)/libvdo.a: $(LIB) $(BUILD)/obj/assets.o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcsP $@ $^
$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

# Every file below templates/, config/ and the migrations becomes part of the program (base/assets.h).
$(BUILD)/assets.list: FORCE
	@mkdir -p $(@D)
	@echo $(ASSETS) | cmp -s - $@ || echo $(ASSETS) > $@
$(BUILD)/obj/assets.o: src/base/embed.sh $(ASSETS) $(BUILD)/assets.list
	@mkdir -p $(@D)
	$(call say,EMBED,$@)
	$(Q)sh src/base/embed.sh $(BUILD)/assets.S $(ASSETS)
	$(Q)$(CC) -c -o $@ $(BUILD)/assets.S

$(BUILD)/support/%.o: tests/support/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests/support -c -o $@ $<
$(BUILD)/tests/%: tests/%.c $(BUILD)/libvdo.a $(SUPPORT_OBJ)
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests/support $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJ) $(BUILD)/libvdo.a -lcmocka $(LIBS)
$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libvdo.a $(SUPPORT_OBJ)
	@mkdir -p $(@D)
	$(call say,BENCH,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests/support $(LDFLAGS_ALL) -o $@ $< $(SUPPORT_OBJ) $(BUILD)/libvdo.a -lcmocka $(LIBS)
# With clang a target fuzzes; with any compiler it replays files through tests/fuzz/replay_main.h.
$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(BUILD)/libvdo.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(if $(filter fuzz,$(CONFIG)),-fsanitize=fuzzer,) -o $@ $< \
	    $(if $(filter fuzz,$(CONFIG)),,tests/fuzz/replay.c) $(BUILD)/libvdo.a $(LIBS)

deps:
	@deploy/install-deps
deps-full:
	@deploy/install-deps --full

demo: deps
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=release all
	@build/release/vdo demo

# Tests run from the root of the checkout; VDO_EXE is the program that starts itself for git transfers.
check: deps
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(or $(CHECK_CONFIG),debug) check-unit
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(or $(CHECK_CONFIG),debug) check-corpora
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(or $(CHECK_CONFIG),debug) check-e2e
check-unit: $(BUILD)/vdo $(UNIT)
	@TZ=UTC sh tests/run_programs.sh "$(abspath $(BUILD)/vdo)" "$(RUN)" $(UNIT)
check-corpora: $(FUZZ)
	@for f in $(FUZZ); do $$f tests/fuzz/corpus/$$(basename $$f | sed s/fuzz_//)/* >/dev/null || { echo "corpus of $$f failed"; exit 1; }; done; \
	    echo "fuzz corpora replayed: $(words $(FUZZ)) targets"
check-e2e: $(BUILD)/vdo
	@TZ=UTC VDO_EXE=$(abspath $(BUILD)/vdo) $(SYSTEM_PYTHON) -m pytest -q -p no:cacheprovider -n 6 tests/e2e
check-asan check-tsan: deps-full
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(@:check-%=%) check-unit
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(@:check-%=%) check-corpora
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=$(@:check-%=%) check-e2e
check-valgrind: deps-full
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=debug check-unit RUN="valgrind -q --trace-children=no --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=1"

fuzz: deps-full
	@$(MAKE) --no-print-directory $(JOBS) CC=clang CONFIG=fuzz fuzz-run
fuzz-run: $(FUZZ)
	@for f in $(FUZZ); do n=$$(basename $$f | sed s/fuzz_//); mkdir -p build/fuzz-found/$$n; \
	    $$f -max_total_time=$${FUZZ_SECONDS:-30} -rss_limit_mb=4096 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz-found/$$n/ build/fuzz-found/$$n tests/fuzz/corpus/$$n || exit 1; done

bench: deps-full
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=release bench-run
bench-run: $(BUILD)/vdo $(BENCH)
	@for b in $(BENCH); do echo "== $$(basename $$b)"; VDO_EXE=$(abspath $(BUILD)/vdo) $$b || exit 1; done
	@for b in $(sort $(wildcard tests/bench/bench_*.py)); do echo "== $$(basename $$b)"; VDO_EXE=$(abspath $(BUILD)/vdo) $(SYSTEM_PYTHON) $$b || exit 1; done

cov: deps-full
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=cov check-unit
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=cov check-e2e
	gcovr -r . --object-directory build/cov --filter src/ --gcov-ignore-parse-errors

format:
	clang-format -i $$(git ls-files '*.[ch]' ':!tests/fixtures')
lint: deps-full check-headers
	clang-format --dry-run -Werror $$(find src include tests -name '*.[ch]' -not -path 'tests/fixtures/*')
	@sh tests/lint/check_layers.sh
	@sh tests/lint/check_libraries.sh
	@$(MAKE) --no-print-directory $(JOBS) CONFIG=debug build/debug/vdo
	@sh tests/lint/check_options.sh build/debug/vdo
check-headers:
	@for h in $$(find include -name '*.h'); do $(CC) $(filter-out -MMD -MP,$(CFLAGS_ALL)) -Wno-pedantic -x c -fsyntax-only $$h || exit 1; done
TIDY := $(patsubst src/%.c,build/tidy/%.ok,$(SRC))
tidy: $(TIDY)
build/tidy/%.ok: src/%.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- -std=c17 -D_GNU_SOURCE -DVDO_VERSION='"$(VERSION)"' -Iinclude $(PKG_CFLAGS) 2>/dev/null
	@touch $@

install: all
	install -D -m 755 $(BUILD)/vdo $(DESTDIR)$(PREFIX)/bin/vdo
	install -D -m 644 docs/vdo.1 $(DESTDIR)$(PREFIX)/share/man/man1/vdo.1
	install -D -m 644 config/vdo.example.yml $(DESTDIR)$(PREFIX)/share/vdo/vdo.example.yml
	install -D -m 644 deploy/vdo.service $(DESTDIR)$(PREFIX)/share/vdo/vdo.service

FORCE:
clean: ; rm -rf build
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all help deps deps-full demo check check-unit check-corpora check-e2e check-asan check-tsan check-valgrind fuzz fuzz-run \
        bench bench-run cov format lint check-headers tidy install clean FORCE
.SECONDARY:
