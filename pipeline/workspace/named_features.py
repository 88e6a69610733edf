"""Whether the sections that name features name those of [data], each of the right kind."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.shown_text import quoted
from pipeline.tables.expression import Expression
from pipeline.tables.similar_names import most_alike

if TYPE_CHECKING:
    from pipeline.workspace.settings import Settings


def check_named_features(settings: "Settings") -> None:
    """Look each name up.

    Raises:
        ValueError: one is no feature of that kind; a derived number has no name, or none that can be shown, or is made of no column; or a new model would be without one that is needed.
    """
    _require_numbers_made_of_columns(settings.data.derived)
    data, value, fairness, without = settings.data, settings.value, settings.fairness, settings.training.without
    for kind, key, known, named in (
        *(("numerical", f"data.derived.{name}", data.numerical, made.columns) for name, made in data.derived.items()),
        ("numerical", "value.margin", data.numerical, value.numerical),
        ("categorical", "value.acceptance_by", data.categorical, tuple(value.acceptance_by)),
        ("categorical", "fairness.columns", data.categorical, fairness.columns),
    ):
        _require(f"{kind} feature", key, known, named)
        left_out = [] if key.removeprefix("data.derived.") in without else [name for name in named if name in without]
        if left_out:
            raise ValueError(f"`training.without` leaves out `{left_out[0][:80]}`, which `{key}` needs")
    _require("feature or derived number", "training.without", (*data.columns.features, *data.derived), without)
    if not data.columns.without(without).features:
        raise ValueError("`training.without` leaves no feature to train on")


def _require_numbers_made_of_columns(derived: Mapping[str, Expression]) -> None:
    for name, made in derived.items():
        if not name.strip() or not name.isprintable():
            raise ValueError(f"`data.derived` has the name {quoted(name)}; a name is not empty, and all of it can be printed")
        if not made.columns:
            raise ValueError(f"`data.derived.{name}` = {quoted(made.text)} names no column, so it is the same for every customer")


def _require(kind: str, key: str, known: Sequence[str], named: Sequence[str]) -> None:
    if stranger := next((name for name in named if name not in known), None):
        close = most_alike(stranger, known)
        hint = f"; perhaps `{close}` is meant" if close else ""
        raise ValueError(f"`{key}` names `{stranger[:80]}`, which is no {kind} of [data]{hint}")
