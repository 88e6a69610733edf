"""The families of models that can be trained: a file each in this folder, which says `FAMILY = Family(…)` and gives it its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from pipeline.errors import TrainingError

USUAL = "random_forest"  # where nobody names one; the policy's `[start]` is about it


@dataclass(frozen=True)
class Hyperparameter:
    """One value that may be chosen, above zero.

    Args:
        default: where none is given.
        whole: whether it must be a whole number.
        said: what it is, in a word or two.
        words: by which people name it, lower case, in the singular.
        allowed: what an operator may choose, both ends included, for `reason`. The policy's `[hyperparameters.FAMILY]` goes before it; where
            neither says anything, operators may not choose.
        reason: why this range.
    """

    default: float
    whole: bool
    said: str
    words: tuple[str, ...] = ()
    allowed: tuple[float, float] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Family:
    """One family.

    Args:
        words: by which people name it, lower case; one that ends in `*` stands for all that begin so.
        hyperparameters: by name. Families may share a name, and each keeps its own default and range.
        classifier: the unfitted scikit-learn classifier for all hyperparameters and a seed. It imports its library itself.
        members: the hyperparameter that counts an ensemble's members, of which a quick trial takes fewer; empty: none.
        packages: what must be installed beyond scikit-learn, as pip names it; the versions are recorded with each model.
    """

    words: tuple[str, ...]
    hyperparameters: Mapping[str, Hyperparameter]
    classifier: Callable[[Mapping[str, Any], int], Any]
    members: str = ""
    packages: tuple[str, ...] = ()

    def quick(self, given: Mapping[str, float], most: int) -> dict[str, float]:
        """The `given` hyperparameters with at most so many members of the ensemble, where their number is given."""
        return {name: min(value, most) if name == self.members else value for name, value in given.items()}


@cache
def families() -> Mapping[str, Family]:
    """All families by name, the usual one first, then by the alphabet."""
    names = sorted((module.name for module in iter_modules(__path__)), key=lambda name: (name != USUAL, name))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").FAMILY for name in names})


def hyperparameter_words(name: str) -> frozenset[str]:
    """By which words people name a hyperparameter, in any family that has it; none where no family does."""
    known = (family.hyperparameters.get(name) for family in families().values())
    return frozenset(word for one in known if one for word in one.words)


def family_named(name: str) -> Family:
    """The family of that name.

    Raises:
        TrainingError: there is none, or there no longer is.
    """
    if name not in families():
        raise TrainingError(f"There is no estimator {name[:40]!r}.", f"Estimators are: {', '.join(families())}.")
    return families()[name]
