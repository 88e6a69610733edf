"""Rules of the policy and settings that no longer exist: a workspace that still sets one is told so, and goes on without it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.errors import RetiredName


@dataclass(frozen=True)
class Retired:
    """`since`: the first version without it. `why`: one sentence on what replaced it, or why nothing did."""

    since: str
    why: str


# By dotted name, as a workspace writes it. Whoever removes a rule or a setting puts it here: workspaces of years ago may still set it.
RULES: Mapping[str, Retired] = MappingProxyType(
    {
        f"diagnosis.confidence.{rule}": Retired(
            "0.1.0", "Causes have probabilities of their own now; `[policy.diagnosis]` says what follows."
        )
        for rule in (
            "broken_data",
            "lost_dependency",
            "moved_alone",
            "untrusted_labels",
            "conflict",
            "changed_behaviour",
            "unfamiliar_customers",
            "changed_level",
            "unfamiliar_without_labels",
            "changed_prior",
            "moved_harmlessly",
            "nothing",
        )
    }
)
SETTINGS: Mapping[str, Retired] = MappingProxyType({})


def warn_of(name: str, retired: Retired) -> None:
    """Say that `name` is set and ignored."""
    warnings.warn(
        f"`{name}` in churnops.toml or a CHURNOPS_ variable was retired in version {retired.since} and is ignored. {retired.why}",
        RetiredName,
        stacklevel=2,
    )
