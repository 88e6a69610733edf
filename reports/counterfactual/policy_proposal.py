"""Thresholds that the record of decisions suggests to change, as a diff of policy.toml that nobody but a person applies."""

import difflib
import re
from collections.abc import Sequence
from statistics import median

from pydantic import BaseModel

from pipeline.shadow.deployed import Deploy
from pipeline.workspace.policy import Policy
from reports.counterfactual.calibration import promise_calibration
from reports.counterfactual.decided import DecisionOutcome

_FEWEST = 4  # decisions, or models that were replaced: fewer are no record
_MOST = 2.0  # by which a threshold is moved at once, up or down
_MONTH_DAYS = 30
_SECTION, _VALUE = re.compile(r"\[([\w.]+)\]"), re.compile(r"(\w+) = ([^#]+?)( *#.*)?")


class PolicyProposal(BaseModel, frozen=True):
    """A `rule` of the policy by its name, its `value` now, the one `proposed`, and the reason."""

    rule: str
    value: float
    proposed: float
    reason: str


def policy_proposals(policy: Policy, decisions: Sequence[DecisionOutcome], deploys: Sequence[Deploy]) -> tuple[PolicyProposal, ...]:
    """What the record suggests; nothing where it is short, or agrees with the policy."""
    return tuple(one for one in (_least_gain(policy, decisions), _months(policy, deploys)) if one is not None and one.proposed != one.value)


def _least_gain(policy: Policy, decisions: Sequence[DecisionOutcome]) -> PolicyProposal | None:
    """Where surely less, or more, than promised comes true, as much more, or less, is to be asked of a promise. Only decisions under the policy that holds tell:
    what was decided under another one may have led to this threshold already."""
    found = promise_calibration([one for one in decisions if one.policy_version == policy.version])
    if found.decisions < _FEWEST or found.share is None or found.low is None or found.high is None or found.low <= 1 <= found.high:
        return None
    now = policy.evidence.challengers.gain
    factor = min(_MOST, max(1 / _MOST, 1 / found.share if found.share > 0 else _MOST))
    return PolicyProposal(
        rule="evidence.challengers.gain",
        value=now,
        proposed=round(now * factor, 1),
        reason=f"of {found.decisions} decisions under this policy {found.share:.2f} ({found.low:.2f} to {found.high:.2f}) of the promised gain came true",
    )


def _months(policy: Policy, deploys: Sequence[Deploy]) -> PolicyProposal | None:
    """How long models really serve before the next one."""
    served = [(one.ended_at - one.at).total_seconds() / 86_400 / _MONTH_DAYS for one in deploys if one.ended_at and one.ended == "replaced"]
    if len(served) < _FEWEST:
        return None
    now, usual = policy.retraining.months, median(served)
    if now / 1.5 < usual < now * 1.5:
        return None
    proposed = min(24, max(1, round(min(_MOST * now, max(now / _MOST, usual)))))
    return PolicyProposal(
        rule="retraining.months",
        value=now,
        proposed=proposed,
        reason=f"the {len(served)} models that were replaced had served {usual:.1f} months, the middle one of them",
    )


def proposal_diff(text: str, proposals: Sequence[PolicyProposal]) -> str:
    """A unified diff of the policy's `text`; empty where nothing is proposed. What the workspace overrides is not in that text: `value` says what holds."""
    asked, section, changed = {one.rule: one for one in proposals}, "", []
    for line in text.splitlines(keepends=True):
        heading, setting = _SECTION.match(line), _VALUE.fullmatch(line.rstrip("\n"))
        section = heading.group(1) if heading else section
        found = asked.get(f"{section}.{setting.group(1)}") if setting else None
        if found is None or setting is None:
            changed.append(line)
        else:
            changed.append(f"{setting.group(1)} = {found.proposed:g}{setting.group(3) or ' #'}; the record: {found.reason}\n")
    return "".join(difflib.unified_diff(text.splitlines(keepends=True), changed, "policy.toml", "policy.toml, proposed", n=1))
