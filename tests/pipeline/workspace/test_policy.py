"""The policy is checked, says what was overridden, and has one version per set of values."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import RetiredName, SettingsError
from pipeline.workspace import retired_names
from pipeline.workspace.policy import Policy, load_policy
from pipeline.workspace.retired_names import Retired
from prompts import policy_rules, policy_text


def policy(**overrides: Mapping[str, Any]) -> Policy:
    return load_policy(policy_text(), overrides)


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, "monitor"), (0.19, "monitor"), (0.2, "evaluate"), (0.3, "evaluate"), (0.4, "evaluate"), (0.41, "retrain"), (1.0, "retrain")],
)
def test_the_bands_hold_at_their_edges(share: float, band: str) -> None:
    assert policy().band(share, 200) == band


@pytest.mark.parametrize(
    ("drifted", "features", "band"), [(4, 20, "evaluate"), (3, 20, "monitor"), (8, 20, "evaluate"), (6, 15, "evaluate")]
)
def test_a_share_that_is_a_fraction_falls_on_the_edge_it_means(drifted: int, features: int, band: str) -> None:
    assert policy().band(drifted / features, 200) == band


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_too_few_rows_are_no_band_whatever_the_share(share: float) -> None:
    assert policy().band(share, 199) == "not_enough_data"


def test_the_shipped_values_are_the_documented_ones() -> None:
    shipped = policy()
    assert (shipped.gate.min_roc_auc, shipped.training.cooldown_hours, shipped.training.retries, shipped.limits.turns) == (0.78, 24, 2, 10)
    assert shipped.hyperparameters["random_forest"] == {"n_estimators": (200, 300), "max_depth": (10, 12)}
    assert shipped.start.both == {"n_estimators": 200, "max_depth": 10}
    assert shipped.overrides == ()


def test_where_to_start_lies_within_what_is_allowed() -> None:
    allowed = policy().hyperparameters["random_forest"]
    for start in (policy().start.numerical, policy().start.categorical, policy().start.both):
        for name, value in start.items():
            assert allowed[name][0] <= value <= allowed[name][1]


def test_an_override_is_applied_and_named_with_what_it_replaced() -> None:
    ours = policy(gate={"min_roc_auc": 0.7}, limits={"turns": 5})
    assert (ours.gate.min_roc_auc, ours.limits.turns) == (0.7, 5)
    assert [(override.name, override.default, override.value) for override in ours.overrides] == [
        ("gate.min_roc_auc", 0.78, 0.7),
        ("limits.turns", 10, 5),
    ]


def test_an_override_with_the_shipped_value_is_none() -> None:
    assert policy(gate={"min_roc_auc": 0.78}) == policy(gate={}) == policy()


def test_the_version_follows_the_effective_values_alone() -> None:
    same = {policy().version, policy(gate={"min_roc_auc": "0.78"}).version, policy(gate={"min_roc_auc": 0.78}).version}
    assert len(same) == 1
    assert len(policy().version) == 12
    ours = policy(gate={"min_roc_auc": 0.7}).version
    assert ours == load_policy(policy_text().replace("min_roc_auc = 0.78", "min_roc_auc = 0.7"), {}).version != policy().version


@pytest.mark.parametrize("rule", policy_rules(), ids=lambda rule: rule.name)
def test_the_version_changes_with_every_value(rule: Any) -> None:
    *path, last = rule.name.split(".")
    if isinstance(rule.value, str):
        other: Any = "psi"
    elif isinstance(rule.value, list):
        other = [rule.value[0], rule.value[1] * 2]
    else:
        other = rule.value * 0.99 if 0 < rule.value < 1 else rule.value + 1
    overrides: dict[str, Any] = {last: other}
    for part in reversed(path):
        overrides = {part: overrides}
    assert policy(**overrides).version != policy().version


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"gate": {"min_auc": 0.7}}, "gate.min_auc"),
        ({"gates": {"min_roc_auc": 0.7}}, "gates.min_roc_auc"),
        ({"gate": {"min_roc_auc": {"low": 0.7}}}, "gate.min_roc_auc.low"),
        ({"floor": 0.7}, "floor"),  # near nothing: the rules there are
    ],
)
def test_an_override_of_no_rule_is_named_with_the_rule_that_was_meant(overrides: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=f"names `{named}`, which is no rule") as refused:
        policy(**overrides)
    assert "`gate.min_roc_auc`" in refused.value.next_step or "gate.max_auc_drop, gate.max_brier_rise" in refused.value.next_step


RETIRED = Retired("0.2.0", "The interval of the difference decides.")


@pytest.mark.parametrize("written", ["gate.Min_gain", "gate.min_gain"])  # variables of the environment arrive in lower case
def test_a_retired_rule_is_said_and_ignored(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setattr(retired_names, "RULES", {"gate.Min_gain": RETIRED})
    with pytest.warns(
        RetiredName, match=r"`policy\.gate\.Min_gain` .* retired in version 0\.2\.0 .* The interval of the difference decides\."
    ):
        found = policy(gate={written.removeprefix("gate."): 0.1, "min_roc_auc": 0.7})
    assert [override.name for override in found.overrides] == ["gate.min_roc_auc"]


def test_no_rule_is_both_retired_and_in_force() -> None:
    assert not retired_names.RULES.keys() & {rule.name for rule in policy_rules()}


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"gate": {"min_roc_auc": "high"}}, "gate.min_roc_auc"),
        ({"gate": {"min_roc_auc": 1.5}}, "gate.min_roc_auc"),
        ({"gate": {"confidence": float("nan")}}, "gate.confidence"),
        ({"limits": {"usd": float("nan")}}, "limits.usd"),
        ({"limits": {"turns": 0}}, "limits.turns"),
        ({"training": {"retries": -1}}, "training.retries"),
        ({"bands": {"monitor_below": 0.5}}, "bands"),
        ({"hyperparameters": {"random_forest": {"max_depth": [12, 8]}}}, "hyperparameters.random_forest.max_depth"),
        ({"hyperparameters": {"random_forest": {"max_depth": 8}}}, "hyperparameters.random_forest.max_depth"),
    ],
)
def test_a_value_that_a_rule_does_not_allow_is_named(overrides: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=rf"\[policy\] `{named}`: ") as refused:
        policy(**overrides)
    assert "\n" not in str(refused.value)


def test_an_override_does_not_reach_the_shipped_policy() -> None:
    policy(gate={"min_roc_auc": 0.5})
    assert policy().gate.min_roc_auc == 0.78


def test_a_policy_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        policy().gate.min_roc_auc = 0.5  # type: ignore[misc]
