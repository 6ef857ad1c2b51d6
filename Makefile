# make demo   sets everything up and runs the main job
# make test   sets everything up and passes the tests
PYTHON ?= python3
VENV := .venv
JOBS ?= 2

.PHONY: demo test lint slow warnings size analyse coverage fuzz clean

demo:
	@$(PYTHON) bootstrap.py demo
	@$(VENV)/bin/tinyfl demo

test:
	@$(PYTHON) bootstrap.py test
	@$(VENV)/bin/python -m pytest -m "not slow and not soak" -n $(JOBS)

slow:
	@$(PYTHON) bootstrap.py test
	@$(VENV)/bin/python -m pytest -m "slow" -n $(JOBS)

lint:
	@$(PYTHON) bootstrap.py test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m tinyfl.wire.generate --check
	git ls-files 'device_fw/*.c' 'device_fw/*.h' 'benchmarks/*.c' 'benchmarks/*.h' 'tests/*.c' 'tests/*.h' ':!device_fw/gen' | xargs $(VENV)/bin/clang-format --dry-run --Werror

# A run in one process: a compiled network for the checks below, and the demo's digests without its processes.
build/ci/report.json:
	@$(PYTHON) bootstrap.py test
	$(VENV)/bin/tinyfl simulate watch --no-controls -o build/ci

# The glue to ESP-IDF is checked against declarations, and wants what the build of a project generates.
build/ci/esp32s3: build/ci/report.json
	$(VENV)/bin/tinyfl build build/ci/network --target esp32s3 -o $@

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wcast-align=strict -Wundef -Werror
INCLUDES := -Ibuild/ci/network -Idevice_fw/include -Idevice_fw/core -Idevice_fw/gen \
  -Idevice_fw/ports/bench -Idevice_fw/ports/bare -Idevice_fw/ports/emulated -Idevice_fw/ports/firmware \
  -Idevice_fw/ports/cortex_m -Idevice_fw/ports/rv32/device -Idevice_fw/ports/memory_storage -Idevice_fw/ports/xtensa/device \
  -Idevice_fw/ports/live -Idevice_fw/ports/loop -Idevice_fw/ports/esp32s3/declared -Idevice_fw/ports/esp32s3/project/main \
  -Ibuild/ci/esp32s3/components/tinyfl/network

warnings: build/ci/report.json build/ci/esp32s3
	@for bits in 8 16; do \
	  git ls-files 'device_fw/*.c' | xargs $(CC) -std=c11 -fsyntax-only -DTF_GRAD_BITS=$$bits $(WARN) $(INCLUDES) \
	    -I$$($(VENV)/bin/python -c 'from tinyfl.wire.zcbor_runtime import *; print(zcbor_runtime()[0])') \
	    build/ci/network/net.c || exit 1; \
	done; echo "no warnings at 8 and 16 bits of gradient"

size: build/ci/report.json
	@$(VENV)/bin/python -m benchmarks.code_size build/ci/network
	@$(VENV)/bin/python -m benchmarks.device_sizes --check

# clang-tidy and cppcheck; needs clang-tidy-22 and cppcheck.
analyse: build/ci/report.json
	$(VENV)/bin/python -m tests.static_analysis build/ci/network

# Branches of the device core; needs clang-22 and llvm-22.
coverage:
	@$(PYTHON) bootstrap.py test
	$(VENV)/bin/python -m tests.core_coverage

SECONDS ?= 60

# Each target so many seconds, two at a time; needs clang-22 and libclang-rt-22-dev.
fuzz:
	@$(PYTHON) bootstrap.py test
	$(VENV)/bin/python -m tests.fuzz.fuzz --seconds $(SECONDS)

clean:
	rm -rf $(VENV) build dist runs
