"""One prediction on trial: the champion's answer about a customer that somebody types in. It is no traffic, so it is not logged."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from markupsafe import Markup

from pipeline.errors import DataError, ExtraMissing
from pipeline.explanation.customer import CustomerExplainer
from pipeline.explanation.explainer import open_explainer
from pipeline.models.artifact import Artifact
from pipeline.profiles.profile import NumericalProfile, Profile, cells_of
from pipeline.record.champion import open_answering
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.scorer import Scored, Scorer, open_scorer
from pipeline.shown_text import plain
from pipeline.tables.schema import Schema
from reports.explanation_charts import waterfall_svg
from reports.explanation_page import customer_agreements_said

_CHOICES = 60  # categories offered as a list; beyond, and for any other value, the field takes text
_CELL_LENGTH = 200


@dataclass(frozen=True)
class Field:
    """One feature to fill in. `choices` are empty for a number; `value` is what it holds now."""

    label: str
    number: bool
    choices: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Effect:
    """One reason of an answer, in words and as points of probability."""

    said: str
    points: float


@dataclass(frozen=True)
class TrialView:
    """The form and, once it was sent, the answer."""

    version: str
    threshold: float
    fields: tuple[Field, ...]
    answer: Scored | None = None
    effects: tuple[Effect, ...] = ()
    problem: str = ""
    waterfall: Markup | None = None
    explained: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Ready:
    scorer: Scorer
    profile: Profile
    artifact: Artifact

    @cached_property
    def explainer(self) -> CustomerExplainer:
        return CustomerExplainer(self.artifact, self.scorer, open_explainer(self.artifact))


class Trial:
    """Asks the champion of one workspace. The model is loaded once per champion."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._loading = threading.Lock()
        self._ready: _Ready | None = None

    def empty(self) -> TrialView:
        """The form, filled with the reference's typical customer."""
        ready = self._champion()
        return _view(ready, typical(ready.profile))

    def asked(self, form: Mapping[str, str]) -> TrialView:
        """The form as it was sent, and the champion's answer to it, taken apart where that was asked for and can be done."""
        ready = self._champion()
        # By place, so that a feature may be called anything.
        given = {name: form.get(f"feature-{place}", "").strip() for place, name in enumerate(ready.scorer.schema.features)}
        try:
            row = _row(given, ready.scorer.schema)
            answer = ready.scorer.score(row)
        except DataError as error:
            return _view(ready, given, problem=str(error))
        view = _view(ready, given, answer)
        if "explain" not in form:
            return view
        try:
            found = ready.explainer.explain(ready.scorer.cells(row))
        except ExtraMissing as error:
            return replace(view, problem=str(error))
        # Drawn by us, every text in it escaped.
        return replace(view, waterfall=Markup(waterfall_svg(found)), explained=customer_agreements_said(found))

    def _champion(self) -> _Ready:
        champion, artifact = open_answering(self._opened)
        with self._loading:
            if self._ready is None or self._ready.scorer.digest != champion.digest:
                self._ready = self._load(artifact, champion.version)
            return self._ready

    def _load(self, artifact: Artifact, version: str) -> _Ready:
        return _Ready(open_scorer(artifact, self._opened.settings.value, version=version), artifact.profile(), artifact)


def typical(profile: Profile) -> dict[str, str]:
    """The median of each number and the commonest category, as texts."""
    return {column.name: _median(column) for column in profile.numerical} | {
        column.name: max(zip(column.counts, column.known, strict=True), default=(0, ""))[1] if column.count else ""
        for column in profile.categorical
    }


def _median(column: NumericalProfile) -> str:
    counts, sums = cells_of(column)
    if not column.count:
        return ""
    middle = int((counts.cumsum() * 2 >= column.count).argmax())
    return f"{sums[middle] / counts[middle]:.6g}"


def _row(given: Mapping[str, str], columns: Schema) -> dict[str, float | str | None]:
    row: dict[str, float | str | None] = {}
    for name, text in given.items():
        if len(text) > _CELL_LENGTH:
            raise DataError(f"`{plain(name)}` has {len(text):,} characters.", f"At most {_CELL_LENGTH} make sense.")
        row[name] = None if not text else _number(name, text) if columns.kind(name) == "numerical" else text
    return row


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"`{plain(name)}` is no number.", "Give one like 29.85, or leave it empty.")
    return number


def _view(ready: _Ready, given: Mapping[str, str], answer: Scored | None = None, problem: str = "") -> TrialView:
    scorer, known = ready.scorer, {column.name: column.known for column in ready.profile.categorical}
    fields = tuple(
        Field(plain(name), name not in known, known.get(name, ())[:_CHOICES], given.get(name, "")) for name in scorer.schema.features
    )
    effects = tuple(
        Effect(f"{plain(reason.feature)} = {_shown(reason.value)}", 100 * reason.effect) for reason in (answer.reasons if answer else ())
    )
    return TrialView(scorer.version, scorer.threshold, fields, answer, effects, problem)


def _shown(value: float | str | None) -> str:
    return "missing" if value is None else plain(value) if isinstance(value, str) else f"{value:g}"
