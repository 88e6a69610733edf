"""What the operator is told: Markdown prompts and the policy, as they lie in this folder. Imports nothing of ours."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Rule:
    """One value of the shipped policy: dotted name, value, and the reason that stands behind it in the file."""

    name: str
    value: Any
    reason: str


def policy_text() -> str:
    """The shipped policy, TOML."""
    return files(__name__).joinpath("policy.toml").read_text(encoding="utf-8")


def prompt_text(name: str) -> str:
    """The Markdown prompt `name`, without its ending."""
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def policy_rules() -> tuple[Rule, ...]:
    """Every value of the shipped policy with its reason, in the file's order."""
    import tomlkit

    rules: list[Rule] = []

    def walk(table: Any, prefix: str) -> None:
        for key, item in table.items():
            if hasattr(item, "items"):
                walk(item, f"{prefix}{key}.")
            else:
                rules.append(Rule(f"{prefix}{key}", item.unwrap(), item.trivia.comment.lstrip("# ")))

    walk(tomlkit.parse(policy_text()), "")
    return tuple(rules)
