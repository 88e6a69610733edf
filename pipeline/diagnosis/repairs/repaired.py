"""The window as it would have been: for whoever asks what else is wrong once a fault is undone."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.repairs.repair import Mask, Numbers, Repair, changed
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import profile_window
from pipeline.sources.source import Frame


def repaired(observed: Observed, repairs: Sequence[Repair]) -> Observed:
    """The same with the repairs applied, in their order, to the window's sample and to the labelled rows, and the rows they changed scored again
    by the champion. `rows`, `customers` and `profile` are then those of the sample alone.

    Raises:
        IntegrityError: the champion's model cannot be loaded.
    """
    window, times = observed.window.reset_index(drop=True), observed.times
    after, known = window, observed.labelled
    labelled = known.features
    for repair in repairs:
        after = repair.apply(after, None if times is None else times.iloc[after.index])
        labelled = repair.apply(labelled, None if known.times is None else known.times.loc[labelled.index])
    kept, stays = after.index.to_numpy(), known.features.index.isin(labelled.index)
    rows = after.reset_index(drop=True)
    return replace(
        observed,
        rows=len(rows),
        customers=None if observed.customers is None else len(rows),
        profile=profile_window(Frame(rows), observed.columns, observed.profile_before),
        window=rows,
        times=None if times is None else times.iloc[kept].reset_index(drop=True),
        ids=None if observed.ids is None else observed.ids.iloc[kept].reset_index(drop=True),
        scores=_rescored(observed.champion, after, observed.scores[kept], changed(window, after)[kept]),
        labelled=replace(known.at(stays), features=labelled),
        labelled_scores=_rescored(observed.champion, labelled, observed.labelled_scores[stays], changed(known.features, labelled)[stays]),
    )


def _rescored(champion: Artifact, rows: pd.DataFrame, scores: Numbers, anew: Mask) -> Numbers:
    """The scores, those of the rows `anew` by the champion. Features that tell the calendar are missing in a sample, and stay so."""
    if not anew.any():
        return scores
    told = scores.copy()
    told[anew] = champion.scores(rows[anew].reindex(columns=list(champion.manifest.columns.features)))
    return told
