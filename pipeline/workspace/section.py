"""What every section of `churnops.toml` is: typed, frozen, and without unknown keys."""

from pydantic import BaseModel


class Section(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""
