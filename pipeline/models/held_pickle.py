"""Models of churnops' own trainings, loaded without running code: a pickle that may name scikit-learn's estimators, a few types of numpy, and
one step of our own.

skops would say the same in a format of its own, and exactly; but a forest of 200 trees loads from it in 0.8 s instead of 0.02 s and takes twice
the room, and every worker loads every champion.
"""

import importlib
import io
import pickle
from typing import Any

from pipeline.errors import IntegrityError

# What the arrays, parts and seeds of scikit-learn's estimators are made of, whichever numpy and scipy wrote them.
_NAMED = frozenset(
    {
        ("builtins", "slice"),
        ("pipeline.models.derived_columns", "DerivedColumns"),  # computes by checked arithmetic alone, whatever it was given
        ("numpy", "clip"),
        ("numpy", "dtype"),
        ("numpy", "float64"),
        ("numpy", "ndarray"),
        *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
        *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
        ("numpy.random._mt19937", "MT19937"),
        ("numpy.random._pcg64", "PCG64"),
        ("numpy.random._pickle", "__bit_generator_ctor"),
        ("numpy.random._pickle", "__generator_ctor"),
        ("numpy.random._pickle", "__randomstate_ctor"),
        ("numpy.random.bit_generator", "SeedSequence"),
        ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
        ("scipy.special._special_ufuncs", "logit"),
        ("scipy.special._ufuncs", "logit"),
        # scikit-learn's that are no estimators
        ("sklearn._loss._loss", "CyHalfBinomialLoss"),
        ("sklearn._loss.link", "Interval"),
        ("sklearn._loss.link", "LogitLink"),
        ("sklearn._loss.loss", "HalfBinomialLoss"),
        ("sklearn.calibration", "_CalibratedClassifier"),
        ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"),
        ("sklearn.tree._tree", "Tree"),
        ("sklearn.utils._bunch", "Bunch"),
    }
)


def load_held(content: bytes) -> Any:
    """The model in the bytes of a pickle.

    Raises:
        IntegrityError: they name something else; nothing of it has run.
        Exception: whatever bytes that are no whole pickle make of Python's and scikit-learn's own code.
    """
    return _Held(io.BytesIO(content)).load()


class _Held(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a pickle may name: anything else is refused before it is imported, or, of scikit-learn, before it is handed out."""
        if (module, name) in _NAMED:
            return super().find_class(module, name)
        if module.startswith("sklearn.") and name.isidentifier():
            from sklearn.base import BaseEstimator

            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__.startswith("sklearn."):
                return found
        raise IntegrityError(
            f"The model's bytes name {f'{module}.{name}'[:80]!r}, which no model of churnops' own is made of; nothing of it was run.",
            "Train again with `churnops train`.",
        )
