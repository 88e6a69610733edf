"""Whether the sections that name features name those of [data], each of the right kind."""

from pipeline.tables.similar_names import most_alike
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.fairness_settings import FairnessSettings
from pipeline.workspace.value_settings import CustomerValueSettings


def check_named_features(data: DataSettings, value: CustomerValueSettings, fairness: FairnessSettings) -> None:
    """Look each name up.

    Raises:
        ValueError: one is no feature of that kind.
    """
    for kind, key, known, named in (
        ("numerical", "value.margin", data.numerical, value.numerical),
        ("categorical", "value.acceptance_by", data.categorical, tuple(value.acceptance_by)),
        ("categorical", "fairness.columns", data.categorical, fairness.columns),
    ):
        if stranger := next((name for name in named if name not in known), None):
            close = most_alike(stranger, known)
            hint = f"; perhaps `{close}` is meant" if close else ""
            raise ValueError(f"`{key}` names `{stranger[:80]}`, which is no {kind} feature of [data]{hint}")
