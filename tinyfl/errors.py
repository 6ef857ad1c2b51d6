"""The errors a user can cause, each message one sentence that names the thing and the remedy."""


class TinyflError(Exception):
    """Base of every error shown to a user; the CLI prints its message alone and exits with ``exit_code``."""

    exit_code = 2


class DataError(TinyflError):
    """A recording, label or data set cannot be used as it is."""


class ModelError(TinyflError):
    """A network cannot be imported, quantised or differentiated; the message names the node and operator."""


class SchemeError(TinyflError):
    """An update scheme does not fit the network it is applied to."""


class BudgetError(TinyflError):
    """The plan needs more SRAM or flash than allowed; the message says by how much and the smallest that works."""


class ToolError(TinyflError):
    """A compiler, emulator or other external program is missing or failed."""


class LinkError(TinyflError):
    """A serial port, broker or connection refused, vanished or spoke nonsense."""


class ScenarioError(TinyflError):
    """A scenario file, option or strategy file has a missing, unknown or impossible value."""


class RunError(TinyflError):
    """A fleet or coordinator could not finish its run."""
