"""Which column of a log is which feature: proposed by name and content, one to one, with a confidence; a person decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.intake.column_evidence import Fit, Role, SampledColumn, fit_of_feature, fit_of_role
from pipeline.intake.log_sample import LogSample
from pipeline.tables.schema import Schema
from pipeline.tables.value_matching import is_word
from pipeline.workspace.prediction_settings import PredictionSettings

SURE = 0.7  # from which a pair is written without being asked for by itself
_ROLES: tuple[Role, ...] = ("id", "time", "score", "model_version")
_SHOWN = 0.25  # below, a column is nobody's
_LEAD = 0.2  # how far a pair is ahead of the next best where nothing is taken off its likeness
_BY_FREQUENCY = 0.6  # the most that a pair counts whose values were matched by their frequency


@dataclass(frozen=True)
class ProposedPair:
    """The log's `column` as a `feature`, or in another role, whose name `feature` then is. `values`: from the log's to the reference's;
    `open_values`: how many of the log's match none."""

    column: str
    role: Role
    feature: str
    confidence: float
    reasons: tuple[str, ...]
    values: Mapping[str, str]
    open_values: int

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE


@dataclass(frozen=True)
class ProposedMapping:
    """`pairs`, features first; the features without a column, and the columns that are none."""

    pairs: tuple[ProposedPair, ...]
    lacking: tuple[str, ...]
    unmatched: tuple[str, ...]


def propose(log: LogSample, reference: pd.DataFrame, columns: Schema, told: PredictionSettings) -> ProposedMapping:
    """A mapping of the log's columns to the features of `columns` and to the roles, each column once.

    `reference`: typed; `told`: what the settings map already, which stays. Name and values are joined to a likeness (`column_evidence`). Those
    pairs are chosen that are most alike together. A pair's confidence is its likeness where it is 20 points ahead of every other pair of its
    feature or its column that is not better placed elsewhere, and shrinks with the lead to 0; a column that bears the feature's own name
    needs no lead.
    """
    from scipy.optimize import linear_sum_assignment

    here = [SampledColumn(name, log.cells[name].dropna(), kind) for name, kind in log.types.items()]
    wanted: list[tuple[Role, str]] = [*(("feature", name) for name in columns.features), *((role, role) for role in _ROLES)]
    fits = _fits(here, wanted, reference, columns)
    likeness = np.array([[fit.likeness for fit in row] for row in fits]).reshape(len(wanted), len(here))
    settled = _settled(wanted, here, told)
    for place, column in settled.items():
        likeness[place, :], likeness[:, column] = 0, 0
        likeness[place, column] = 2
    chosen = {int(i): int(j) for i, j in zip(*linear_sum_assignment(-likeness), strict=True) if likeness[i, j] >= _SHOWN}
    pairs = []
    for place, column in chosen.items():
        (role, feature), fit = wanted[place], fits[place][column]
        pair = _pair(here[column].name, role, feature, fit, 0.0)
        if place in settled:
            values = told.values.get(feature, pair.values)
            pairs.append(replace(pair, confidence=1.0, reasons=("as in churnops.toml",), values=values))
            continue
        same = here[column].name == (feature if role == "feature" else _reference_name(role, columns))
        lead = 1.0 if same else likeness[place, column] - _best_rival(likeness, chosen, place, column)
        most = _BY_FREQUENCY if fit.values is not None and fit.values.evidence == "frequency" else 1.0
        pairs.append(replace(pair, confidence=min(most, float(likeness[place, column] * np.clip(lead / _LEAD, 0, 1)))))
    taken = {pair.column for pair in pairs}
    found = {pair.feature for pair in pairs}
    return ProposedMapping(
        pairs=tuple(sorted(pairs, key=lambda pair: wanted.index((pair.role, pair.feature)))),
        lacking=tuple(name for name in columns.features if name not in found),
        unmatched=tuple(column.name for column in here if column.name not in taken and column.name != columns.target),
    )


def _fits(here: Sequence[SampledColumn], wanted: Sequence[tuple[Role, str]], reference: pd.DataFrame, columns: Schema) -> list[list[Fit]]:
    features = {name: SampledColumn(name, reference[name].dropna().astype(str)) for name in columns.features}
    words = {name: frozenset(filter(is_word, features[name].shares)) for name in columns.categorical}
    own = {name: words[name].difference(*(others for other, others in words.items() if other != name)) for name in words}
    known = {
        role: None if (name := _reference_name(role, columns)) is None else SampledColumn(name, reference[name].dropna().astype(str))
        for role in _ROLES
    }
    return [
        [
            fit_of_feature(column, features[name], own.get(name, frozenset()), name in columns.numerical)
            if role == "feature"
            else fit_of_role(column, role, known[role])
            for column in here
        ]
        for role, name in wanted
    ]


def _reference_name(role: Role, columns: Schema) -> str | None:
    return {"id": columns.id, "time": columns.time}.get(role)


def _settled(wanted: Sequence[tuple[Role, str]], here: Sequence[SampledColumn], told: PredictionSettings) -> dict[int, int]:
    """Places of what the settings say already, of columns that are there."""
    names = [column.name for column in here]
    said: dict[tuple[Role, str], str] = {("feature", feature): name for name, feature in told.columns.items()}
    said |= {("id", "id"): told.id, ("time", "time"): told.time, ("score", "score"): told.score}
    said[("model_version", "model_version")] = told.model_version
    return {wanted.index(what): names.index(name) for what, name in said.items() if name in names and what in wanted}


def _best_rival(likeness: np.ndarray, chosen: Mapping[int, int], place: int, column: int) -> float:
    """The likeness of the best other pair of the feature or the column whose other half is not better placed where it is."""
    placed = {j: likeness[i, j] for i, j in chosen.items()}
    rivals = [likeness[place, j] for j in range(likeness.shape[1]) if j != column and placed.get(j, 0) < likeness[place, j] + _LEAD]
    at = {i: likeness[i, j] for i, j in chosen.items()}
    rivals += [likeness[i, column] for i in range(likeness.shape[0]) if i != place and at.get(i, 0) < likeness[i, column] + _LEAD]
    return max(rivals, default=0.0)


def _pair(column: str, role: Role, feature: str, fit: Fit, confidence: float) -> ProposedPair:
    values, left = (fit.values.meant, len(fit.values.left_open)) if role == "feature" and fit.values is not None else ({}, 0)
    return ProposedPair(column, role, feature, confidence, fit.reasons, values, left)
