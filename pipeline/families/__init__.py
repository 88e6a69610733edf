"""The families of models that can be trained: a file each in this folder, which says `FAMILY = Family(…)` and gives it its name."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from pipeline.errors import TrainingError
from pipeline.family import Family

USUAL = "random_forest"  # where nobody names one; the policy's `[start]` is about it


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
