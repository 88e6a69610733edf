"""The workspace that the tests of the tools use."""

from tests.tools.conftest import drifted, drifted_workspace

__all__ = ["drifted", "drifted_workspace"]
