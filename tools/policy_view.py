"""The policy in force as people and models read it: every rule with its value here and its reason."""

from pydantic import BaseModel

from pipeline.families import families
from pipeline.workspace.policy import Policy
from prompts import Rule, policy_rules


class PolicyValue(BaseModel, frozen=True):
    """One rule as it holds here; `shipped` is what it was before this workspace changed it, None where it did not."""

    rule: str
    value: object
    reason: str
    shipped: object = None


class PolicyView(BaseModel, frozen=True):
    """The policy in force."""

    version: str
    rules: tuple[PolicyValue, ...]


def policy_view(policy: Policy) -> PolicyView:
    """Every rule at its effective value: those of policy.toml in its order, then the ranges that families bring themselves."""
    shipped = policy_rules()
    named = {rule.name for rule in shipped}
    rules = (*shipped, *(rule for rule in _family_ranges() if rule.name not in named))
    changed = {override.name: override.value for override in policy.overrides}
    return PolicyView(
        version=policy.version,
        rules=tuple(
            PolicyValue(rule=rule.name, value=changed[rule.name], reason="set by this workspace", shipped=rule.value)
            if rule.name in changed
            else PolicyValue(rule=rule.name, value=rule.value, reason=rule.reason)
            for rule in rules
        ),
    )


def _family_ranges() -> list[Rule]:
    return [
        Rule(f"hyperparameters.{name}.{key}", list(known.allowed), known.reason)
        for name, family in families().items()
        for key, known in family.hyperparameters.items()
        if known.allowed
    ]
