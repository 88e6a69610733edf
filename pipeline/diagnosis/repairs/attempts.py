"""Repairs of the columns under suspicion, tried in memory: what fits again, and whether the champion ranks again as it did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.diagnosis.data_faults.witnesses import Witnesses, witnesses_of
from pipeline.diagnosis.finding import Finding, Name, RepairName
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.onset import onset
from pipeline.diagnosis.outcomes.expected_outcomes import one_row_each
from pipeline.diagnosis.repairs.joint_fit import JointFit
from pipeline.diagnosis.repairs.new_category import may_be_new
from pipeline.diagnosis.repairs.proposals import proposals
from pipeline.diagnosis.repairs.repair import Renamed, Repair, SetMissing, changed
from pipeline.diagnosis.repairs.strangers import find_strangers
from pipeline.diagnosis.repairs.tried_repair import TriedRepair
from pipeline.shown_text import plain, quoted
from pipeline.workspace.evidence_policy import DataRules

ROWS = 3_000  # of the window, and of the labelled rows: the error of a share is at most 2 points (95%)
_SUSPECTS = 6  # columns, those in most rows first
_NOTHING = 0.05  # share of rows that do not fit, up to which chance and a group's edges explain it
_LEFT = 0.3  # of the misfit, that other changes may leave
_MOST_LEFT = 0.15  # of the rows, in any case
FITS = 1 / 3  # of the rows that a repair changed must fit by it; what chance explains is taken off on both sides
_TELLING = 0.1  # of the distance between groups of customers: with less, no other column tells
_SHOWN_NAMES = 3
_SHOWN = 0.01  # of ROC-AUC; a smaller gain is not worth a figure
# The fault that a repair undoes, where other columns can say that it is none.
_UNDONE: Mapping[RepairName, Name] = {"factor": "unit_change", "renamed": "renamed_category", "set_missing": "value_spike"}
_SURE = 5.0  # difference of log-likelihoods: 150 to 1


@dataclass(frozen=True)
class Attempt:
    """A repair and what came of it; `repair` is None where nothing can undo the fault."""

    repair: Repair | None
    told: TriedRepair

    @property
    def refuted(self) -> bool:
        """Whether other columns tell that the fault it undoes is none: hardly any row fits better by it."""
        return self.told.told and not self.told.returned and self.told.joint_before - self.told.joint_after < FITS * self.told.share


def attempt_repairs(observed: Observed, found: Sequence[Finding], rules: DataRules) -> tuple[Attempt, ...]:
    """The best repair of each column that `found` suspects, those that return first. Rows that are no customers are left out before a column
    is looked at, where there are such."""
    if not len(observed.window) or not len(observed.reference):
        return ()
    seen = witnesses_of(observed)
    bench = _Bench(observed, seen, _suspects(found, seen))
    strangers = bench.strangers()
    tried = [attempt for column in bench.suspects if (attempt := _best(bench, column, found, rules)) is not None]
    unique = {attempt.repair.columns if attempt.repair else attempt.told.column: attempt for attempt in reversed(tried)}
    ordered = sorted(unique.values(), key=lambda attempt: (not attempt.told.returned, -attempt.told.share))
    return (*strangers, *(attempt for attempt in ordered if attempt.told.returned or not strangers))


def attempt_repair(observed: Observed, repair: Repair) -> TriedRepair:
    """One repair that somebody wants to see tried, whatever speaks for it; every other column is trusted."""
    bench = _Bench(observed, witnesses_of(observed), repair.columns)
    return bench.completed(repair, bench.judged(repair)).told


def with_repairs(found: Sequence[Finding], attempts: Sequence[Attempt], rows: int) -> tuple[Finding, ...]:
    """The findings, and the repairs as findings on `rows` of the window. A fault whose undoing fits no row any better is told, but not believed."""
    refuted = {(attempt.told.column, _UNDONE.get(attempt.told.repair)) for attempt in attempts if attempt.refuted}
    kept = [
        finding.model_copy(update={"notable": False, "argues_for": ()}) if (finding.column, finding.name) in refuted else finding
        for finding in found
    ]
    return (*kept, *(attempt.told.finding(rows) for attempt in attempts))


def _suspects(found: Sequence[Finding], seen: Witnesses) -> tuple[str, ...]:
    """Columns that a finding of a fault, or of values nobody knows, names; the one that moved in most rows first. Of a column that nothing else
    suspects a repair would prove nothing: some value always took most of what moved, and without its rows the others fit."""
    named = [
        finding for finding in found
        if finding.column is not None and (finding.name == "unseen_category" or "data_fault" in finding.argues_for)
    ]  # fmt: skip
    ordered = sorted(named, key=lambda finding: (not finding.notable, -finding.share))
    columns = dict.fromkeys(str(finding.column) for finding in ordered)
    return tuple(column for column in columns if seen.after[column].notna().any() and seen.before[column].notna().any())[:_SUSPECTS]


class _Bench:
    """What every attempt needs: some of the window's rows, of the labelled ones, and the columns that nobody suspects."""

    def __init__(self, observed: Observed, seen: Witnesses, suspects: Sequence[str]) -> None:
        self._observed, self.seen, self.suspects = observed, seen, suspects
        drawn = np.sort(np.random.default_rng(SEED).permutation(len(seen.after))[:ROWS])
        self._rows = seen.after.iloc[drawn].reset_index(drop=True)
        self._times = None if seen.times is None else seen.times.iloc[drawn].reset_index(drop=True)
        trusted = tuple(name for name in observed.columns.features if name not in suspects)
        self._trusted = trusted if 2 * len(trusted) >= len(observed.columns.features) else observed.columns.features

    @cached_property
    def _once(self) -> Observed:
        return one_row_each(self._observed, ROWS)

    def strangers(self) -> tuple[Attempt, ...]:
        """Rows that are no customers, left out; what is tried later is tried without them."""
        repair = find_strangers(self.seen.before[: 2 * ROWS], self._rows, self.seen.columns, self._trusted)
        if repair is None:
            return ()
        kept = repair.apply(self._rows, self._times)
        moved = [JointFit(self.seen.before, self.seen.columns, name, ()) for name in self.seen.columns.features]
        before, after = (float(np.mean([one.misfit(rows) for one in moved])) for rows in (self._rows, kept))
        told = TriedRepair(
            column=None, repair=repair.name, share=1 - len(kept) / len(self._rows), joint_before=before, joint_after=after,
            returned=after <= max(_NOTHING, before / 2), said="",
        )  # fmt: skip
        attempt = self.completed(repair, told)
        self._rows, self._times = kept, None if self._times is None else self._times.loc[kept.index]
        return (attempt,)

    def judged(self, repair: Repair) -> TriedRepair:
        """The repair on the window's rows."""
        repaired = repair.apply(self._rows, self._times)
        bad = changed(self._rows, repaired)
        share = float(bad.mean())
        fits = [JointFit(self.seen.before, self.seen.columns, name, self._beside(name)) for name in repair.columns]
        before = max(fit.misfit(self._rows) for fit in fits)
        after = max(fit.misfit(repaired, repair.lost) for fit in fits)
        if isinstance(repair, SetMissing):
            told, returned = self._put_in(fits[0], repair, share)
        elif isinstance(repair, Renamed) and may_be_new(self.seen, repair):
            told, returned = False, False
        else:
            told = max(fit.telling for fit in fits) >= _TELLING
            returned = before - after >= FITS * share
        returned = returned and before >= min(_NOTHING, FITS * share) and after <= max(_NOTHING, min(_LEFT * before, _MOST_LEFT))
        return TriedRepair(
            column=repair.column,
            other=repair.columns[1] if len(repair.columns) > 1 else None,
            repair=repair.name,
            share=share,
            joint_before=before,
            joint_after=after,
            returned=returned,
            told=told or returned,
            said="",
        )

    def completed(self, repair: Repair, told: TriedRepair) -> Attempt:
        """With onset, ROC-AUC and sentence."""
        bad = changed(self.seen.after, repair.apply(self.seen.after, self.seen.times))
        part = self.seen.part_of(bad) if told.share < 1 else None
        where = None if part is None or part.segment is None or part.segment[0] in repair.columns else part.segment
        since = onset(bad, self.seen.times, where) if told.share < 1 else None
        before, after = self._roc_auc(repair)
        told = told.model_copy(update={"roc_auc_before": before, "roc_auc_after": after, "onset": since})
        return Attempt(repair, told.model_copy(update={"said": _said(repair, told)}))

    def _beside(self, column: str) -> tuple[str, ...]:
        return tuple(name for name in self._trusted if name != column)

    def _put_in(self, fit: JointFit, repair: SetMissing, share: float) -> tuple[bool, bool]:
        """Whether other columns say that customers have the value, and whether they say that it was put in. Of a value that the reference hardly has, nobody
        else need tell."""
        new = float((self.seen.before[repair.column] == repair.value).mean()) < share / 10
        sure = fit.put_in(self._rows, repair.value)
        return sure < -_SURE, sure > _SURE or (new and sure >= -_SURE)

    def _roc_auc(self, repair: Repair) -> tuple[float | None, float | None]:
        """The champion's on labelled rows, as sent and repaired; None where outcomes are not known."""
        from sklearn.metrics import roc_auc_score

        known = self._once.labelled
        rows = repair.apply(known.features, known.times)
        churned = known.churned.loc[rows.index]
        if churned.nunique() < 2:
            return None, None
        before = float(roc_auc_score(known.churned, self._once.labelled_scores))
        return before, float(roc_auc_score(churned, self._observed.champion.scores(rows)))


def _best(bench: _Bench, column: str, found: Sequence[Finding], rules: DataRules) -> Attempt | None:
    own = [finding for finding in found if finding.column == column]
    judged = [(repair, bench.judged(repair)) for repair in proposals(bench.seen, column, own, bench.suspects, rules)]
    if judged:
        repair, told = min(
            judged, key=lambda pair: (not pair[1].returned, not pair[1].told, isinstance(pair[0], SetMissing), pair[1].joint_after)
        )
        return bench.completed(repair, told)
    cut = next((finding for finding in own if finding.name == "clipped"), None)
    return None if cut is None else Attempt(None, _cut_off(column, cut))


def _cut_off(column: str, finding: Finding) -> TriedRepair:
    said = f"What was cut off of `{plain(column)}` cannot be put back here: the feed has to send it again."
    return TriedRepair(
        column=column, repair="clipped", share=finding.share, joint_before=finding.share, joint_after=finding.share,
        returned=False, told=False, said=said,
    )  # fmt: skip


def _said(repair: Repair, told: TriedRepair) -> str:
    return " ".join([_what_returns(repair, told), *_when(told)])


def _what_returns(repair: Repair, told: TriedRepair) -> str:
    if not told.told and isinstance(repair, Renamed):
        pairs = ", ".join(f"{quoted(new)} and {quoted(old)}" for new, old in list(repair.old.items())[:_SHOWN_NAMES])
        return f"Whether new names stand for old ones in `{plain(repair.column)}` ({pairs}) or for something new beside them, no other column tells."
    if not told.told:
        return f"With {repair.done}, no other column tells whether that is right."
    if not told.returned:
        return f"With {repair.done}, the rows still do not fit their other columns: that speaks for a real change."
    if told.roc_auc_before is not None and told.roc_auc_after is not None and told.roc_auc_after - told.roc_auc_before >= _SHOWN:
        returns = f"the champion's ROC-AUC is {told.roc_auc_after:.2f} again, {told.roc_auc_before:.2f} as sent"
    else:
        returns = "the rows fit the reference again"
    return f"With {repair.done}, {returns}: a fault of the feed."


def _when(told: TriedRepair) -> Iterator[str]:
    if told.onset is None or not told.returned or not (told.onset.bounded or told.onset.where):
        return
    place = ""
    if told.onset.where is not None:
        column, value = told.onset.where
        place = f", where `{plain(column)}` is {quoted(value)}"
    yield f"It concerns rows from {told.onset.first} to {told.onset.last}{place}."
