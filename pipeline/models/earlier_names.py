"""Names by which stored models call our code, from before that code moved: answered when such a model is loaded."""

import sys
from importlib import import_module
from types import ModuleType

# What the script of recalibrated adopted models imported in version 0.1.0 before `pipeline` had sub-packages, and where it lies now. What
# an artifact holds is named by its digest, so its words stay as they are.
_MOVED = (
    ("pipeline.adopted", "load_adopted", "pipeline.models.adopted"),
    ("pipeline.calibration", "SMALLEST_PROBABILITY", "pipeline.measures.metrics"),
    ("pipeline.schema", "Schema", "pipeline.tables.schema"),
)


def answer_earlier_names() -> None:
    """Let a stored script import what it names; each earlier module holds only the names that were stored."""
    for module, name, home in _MOVED:
        stand_in = ModuleType(module)
        setattr(stand_in, name, getattr(import_module(home), name))
        sys.modules.setdefault(module, stand_in)
