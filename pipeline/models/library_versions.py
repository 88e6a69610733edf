"""Whether the installed scikit-learn may load a model that another fitted: its documentation supports that for the same version alone."""

from collections.abc import Mapping
from importlib.metadata import version

from pipeline.errors import IntegrityError

_LIBRARY = "scikit-learn"


def check_versions(made_with: Mapping[str, str], accepted: str | None = None) -> str | None:
    """Compare scikit-learn's version on record with the one installed; returns a sentence where only the last number differs.

    Args:
        made_with: versions that fitted the model, by package; no check where scikit-learn's is not among them.
        accepted: an installed version under which a person accepted the difference.

    Raises:
        IntegrityError: another major or minor version, which no person accepted.

    Source: scikit-learn's user guide, "Model persistence", on loading a model with another version.
    """
    recorded, installed = made_with.get(_LIBRARY), version(_LIBRARY)
    if recorded is None or recorded == installed or _minor(installed) == (accepted and _minor(accepted)):
        return None
    if _minor(recorded) == _minor(installed):
        return f"The model was fitted with {_LIBRARY} {recorded}; {installed} is installed."
    raise IntegrityError(
        f"The model was fitted with {_LIBRARY} {recorded}, and {installed} is installed: loading it may fail or silently score otherwise.",
        f"Install {_LIBRARY}=={recorded}; a model that is not churnops' own can be adopted again with --accept-version-mismatch.",
    )


def _minor(number: str) -> tuple[str, ...]:
    return tuple(number.split(".")[:2])
