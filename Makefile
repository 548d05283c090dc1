# The front door. The build itself is Meson's: see meson.build.
#
#   make run     build, start the whole platform in var/, until Ctrl-C
#                STATE=folder CONFIG=deploy.yaml HOST=address MEDIA=freeswitch|asterisk KAMAILIO=6
#   make test    every test there is; the last line counts them. ONLY=unit|sql|web|lint|e2e for one part
#   make bench   one line per figure: bench <name> <value> <unit>. ONLY=calls for one area
#   make chaos   breaks every part while it is called, and counts the records. CHAOS_SECONDS=600
#                MEDIA=freeswitch|asterisk WIPE=yes (Redis loses its data) SEED=number
#   make lint    formatting, warnings as errors, shell scripts, layers
#   make build   the program only
#
# Each installs what it needs from Debian's packages, and nothing else outside the state folder.

BUILD ?= build
export HOST MEDIA STATE CONFIG KAMAILIO ONLY CHAOS_SECONDS WIPE SEED

.PHONY: run build test bench chaos lint clean

run:
	@scripts/setup run
	@$(MAKE) --no-print-directory build
	@scripts/run

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --buildtype=release >$(BUILD).log || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

test:
	@scripts/setup test
	@scripts/test

bench:
	@scripts/setup bench
	@$(MAKE) --no-print-directory build
	@bench/run

chaos:
	@scripts/setup bench
	@$(MAKE) --no-print-directory build
	@tests/chaos/run

lint:
	@scripts/setup lint
	@scripts/lint

clean:
	rm -rf build build-*
