# A thin cover over meson: make, run, test, e2e, bench, fuzz, install.

BUILD = build
ASAN  = build-asan
JOBS  = $(shell nproc)

.PHONY: all run test quick e2e bench fuzz install clean deps

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j $(JOBS) mxward

$(BUILD)/build.ninja:
	@tools/deps build
	meson setup $(BUILD) -Db_lto=true $(MESON_ARGS)

# The main job with something to see: a daemon on loopback with a demonstration zone, a dozen
# SMTP transactions, and the refusals that they get.
run: all
	@tools/demo --build $(BUILD)

test:
	@tools/deps test
	@tools/run-tests

# Unit and scenario tests of the ordinary build only.
quick: all
	@meson test -C $(BUILD) --no-suite slow

e2e: all
	@tools/deps test
	@tests/e2e/run --build $(BUILD)

bench: all
	@tools/deps bench
	@ninja -C $(BUILD) -j $(JOBS) bench
	@bench/run.py --build $(BUILD) $(BENCH_ARGS)

# Each target for FUZZ_SECONDS (600); new inputs stay in build-fuzz/corpus.
fuzz:
	@tools/deps test
	@tools/fuzz $(FUZZ_ARGS)

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build build-*
