"""The families of models that can be trained: a file each in this folder, which says `FAMILY = Family(…)` and gives it its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, Literal

from pipeline.errors import TrainingError

ExplainerKind = Literal["tree", "linear", "permutation"]

USUAL = "random_forest"  # where nobody names one; the policy's `[start]` is about it


@dataclass(frozen=True)
class Hyperparameter:
    """One value that may be chosen, above zero.

    Args:
        default: where none is given.
        whole: whether it must be a whole number.
        said: what it is, in a word or two.
        allowed: what an operator may choose, both ends included, for `reason`. The policy's `[hyperparameters.FAMILY]` goes before it; where
            neither says anything, operators may not choose.
        reason: why this range.
        native: what the classifier calls it, where that is another name.
    """

    default: float
    whole: bool
    said: str
    allowed: tuple[float, float] | None = None
    reason: str = ""
    native: str = ""


@dataclass(frozen=True)
class Family:
    """One family.

    Args:
        hyperparameters: by name. Families may share a name, and each keeps its own default and range.
        classifier: the unfitted scikit-learn classifier for all hyperparameters, by its own names for them, and a seed. It imports its library itself.
        members: the hyperparameter that counts an ensemble's members, of which a quick trial takes fewer; empty: none.
        packages: what must be installed beyond scikit-learn, as pip names it, one of them; its version is recorded with each model.
        native_missing: whether it takes missing numbers as they are. Else they become the training median.
        complexity: of two families that are as good the one with less is chosen, 1 is a sum of columns.
        explainer: how SHAP values of its models are found: from the trees, from the weights, or, of any model, by sampled permutations.
    """

    hyperparameters: Mapping[str, Hyperparameter]
    classifier: Callable[[Mapping[str, Any], int], Any]
    members: str = ""
    packages: tuple[str, ...] = ()
    native_missing: bool = False
    complexity: int = 5
    explainer: ExplainerKind = "permutation"

    def native(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by the names that the classifier has for them."""
        return {self.hyperparameters[name].native or name: value for name, value in values.items()}

    @property
    def installed(self) -> tuple[str, ...]:
        """Those of its packages that are installed."""
        return tuple(name for name in self.packages if next(iter(distributions(name=name)), None))

    def quick(self, given: Mapping[str, float], most: int) -> dict[str, float]:
        """The `given` hyperparameters with at most so many members of the ensemble, where their number is given."""
        return {name: min(value, most) if name == self.members else value for name, value in given.items()}


@cache
def families() -> Mapping[str, Family]:
    """All families by name, the usual one first, then by the alphabet."""
    names = sorted((module.name for module in iter_modules(__path__)), key=lambda name: (name != USUAL, name))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").FAMILY for name in names})


def installed_families() -> tuple[str, ...]:
    """The families that can be fitted here."""
    return tuple(name for name, family in families().items() if family.installed or not family.packages)


def family_named(name: str) -> Family:
    """The family of that name.

    Raises:
        TrainingError: there is none, or there no longer is.
    """
    if name not in families():
        raise TrainingError(f"There is no estimator {name[:40]!r}.", f"Estimators are: {', '.join(families())}.")
    return families()[name]
