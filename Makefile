# make demo   sets everything up and runs the main job
# make test   sets everything up and passes the tests
PYTHON ?= python3
VENV := .venv
JOBS ?= 2

.PHONY: demo test lint slow clean

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
	git ls-files 'device_fw/*.c' 'device_fw/*.h' ':!device_fw/gen' | xargs $(VENV)/bin/clang-format --dry-run --Werror

clean:
	rm -rf $(VENV) build dist runs
