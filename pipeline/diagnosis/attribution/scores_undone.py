"""The champion's scores with every set of broken columns undone: by their repairs, or, where nothing repairs them, by a model that never saw them."""

from collections.abc import Sequence

from pipeline.diagnosis.attribution.scored_rows import ScoredRows
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import from_log_odds, log_odds
from pipeline.diagnosis.repairs.repair import Repair, changed
from pipeline.workspace.value_settings import ValueSettings

_COLUMNS = 2  # broken ones told one by one; the others are undone together


def scores_undone(
    observed: Observed, base: Observed, repairs: Sequence[Repair], suspects: Sequence[str], value: ValueSettings
) -> tuple[list[str], list[ScoredRows]]:
    """The broken columns told one by one, and the rows as the champion scores them with each set of these undone, as sent first."""
    one_by_one = [repair for repair in repairs if repair.column is not None]
    parts = [one_by_one[place : place + 1] for place in range(min(_COLUMNS, len(one_by_one)))]
    if len(one_by_one) > _COLUMNS:
        parts[-1] = one_by_one[_COLUMNS - 1 :]
    index = base.labelled.features.index
    places = observed.labelled.features.index.get_indexer(index)
    sent, scores, times = observed.labelled.features.loc[index], observed.labelled_scores[places], base.labelled.times
    found = []
    for undone in range(1 << len(parts)):
        rows = sent
        for place, part in enumerate(parts):
            for repair in part if undone >> place & 1 else ():
                rows = repair.apply(rows, times).reindex(index)
        anew, own = changed(sent, rows), scores.copy()
        if anew.any():
            own[anew] = observed.champion.scores(rows[anew].reindex(columns=list(observed.champion.manifest.columns.features)))
        found.append(own)
    names = [", ".join(column for repair in part for column in repair.columns) for part in parts]
    if suspects:
        # How a model that never saw these columns differs from the champion once all else is repaired.
        apart = log_odds(base.labelled_scores) - log_odds(found[-1])
        found += [from_log_odds(log_odds(own) + apart) for own in found]
        names.append(", ".join(suspects))
    return names, [ScoredRows(own, value) for own in found]
