"""Families are found by looking into their folder; one that is not there is a sentence, wherever its name is kept."""

import pytest

from pipeline.errors import TrainingError
from pipeline.families import families, family_named
from pipeline.workspace.policy import load_policy
from prompts import policy_rules, policy_text


def test_the_usual_family_is_the_first() -> None:
    assert next(iter(families())) == "random_forest"
    assert list(families())[1:] == sorted(set(families()) - {"random_forest"})


def test_a_family_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(TrainingError, match=r"no estimator 'perceptron'\. Estimators are: random_forest, gradient_boosting, "):
        family_named("perceptron")


def test_operators_may_choose_every_hyperparameter_within_a_range_that_holds_its_default() -> None:
    bounds = load_policy(policy_text(), {}).hyperparameters
    for name, family in families().items():
        assert set(bounds[name]) == set(family.hyperparameters)
        for key, known in family.hyperparameters.items():
            low, high = bounds[name][key]
            assert low <= known.default <= high


def test_every_range_of_the_shipped_policy_is_of_a_family_and_stands_in_one_place() -> None:
    for rule in policy_rules():
        if rule.name.startswith("hyperparameters."):
            _, name, key = rule.name.split(".")
            assert family_named(name).hyperparameters[key].allowed is None


def test_every_range_that_a_family_brings_has_a_reason() -> None:
    ranges = [known for family in families().values() for known in family.hyperparameters.values() if known.allowed]
    assert [known for known in ranges if len(known.reason.split()) < 2] == []


def test_a_quick_trial_takes_fewer_members_and_leaves_all_else() -> None:
    assert family_named("random_forest").quick({"n_estimators": 200, "max_depth": 10}, 60) == {"n_estimators": 60, "max_depth": 10}
    assert family_named("random_forest").quick({"n_estimators": 20}, 60) == {"n_estimators": 20}
    assert family_named("logistic_regression").quick({"C": 100.0}, 60) == {"C": 100.0}
