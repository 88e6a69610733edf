"""Rows that are there twice: in the window, or already in the champion's training data."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.data_faults.witnesses import Witnesses, surprise
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.workspace.evidence_policy import DataRules

_Hashes = NDArray[np.uint64]


def find_copies(observed: Observed, seen: Witnesses, rules: DataRules) -> tuple[Finding, ...]:
    """Exact copies, as far as the reference's own rows do not repeat as often. Repeated ids are counted in the profile."""
    found = list[Finding | None]()
    # A base scored again holds customers of the training, unchanged until the next refresh; `find_stopped_feed` asks whether it came.
    if not observed.past.scored_again:
        found.append(_replayed(_hashes(observed.reference[list(observed.columns.features)]), _hashes(seen.after), rules))
    if observed.ids is None:
        found.append(_repeated(_hashes(seen.before), observed, rules))
    return tuple(finding for finding in found if finding is not None)


def training_rows(observed: Observed) -> int:
    """How many rows with a known outcome equal, in every feature, a row of the champion's reference."""
    features = list(observed.columns.features)
    known = observed.labelled.features
    return int(np.isin(_hashes(known[features]), _hashes(observed.reference[features])).sum()) if len(known) else 0


def shared_with_reference(observed: Observed, seen: Witnesses) -> float:
    """Share of the window's customers, 0-1, who equal a row of the reference in every feature, beyond how often its own rows have a twin."""
    known, rows = _hashes(observed.reference[list(observed.columns.features)]), _hashes(seen.after)
    return float(np.isin(rows, known).mean()) - _twins(known) / max(1, len(known))


def _twins(known: _Hashes) -> int:
    # How often a row of the reference has a twin in it is how often a new customer would.
    return len(known) - int((np.unique(known, return_counts=True)[1] == 1).sum())


def _replayed(known: _Hashes, rows: _Hashes, rules: DataRules) -> Finding | None:
    shared = int(np.isin(rows, known).sum())
    own = _twins(known)
    share, z = shared / max(1, len(rows)), surprise(own, len(known), shared, len(rows))
    if share - own / max(1, len(known)) < rules.replayed_share or z < rules.missing_z:
        return None
    said = (
        f"{share:.1%} of the rows equal a row of the reference in every feature, where {own / len(known):.1%} would by chance: "
        "old rows delivered again, or the same customers with features not refreshed since; if so, set `population` under [predictions]."
    )
    return fault("replayed_rows", said, share, len(rows), z=z)


def _repeated(known: _Hashes, observed: Observed, rules: DataRules) -> Finding | None:
    # Scored again at another time is no copy.
    window = observed.window if observed.times is None else observed.window.assign(_time=observed.times.to_numpy())
    rows = _hashes(window)
    size = min(len(rows), len(known))
    if not size:
        return None
    draw = np.random.default_rng(SEED)
    own, repeated = (size - len(np.unique(draw.choice(part, size, replace=False))) for part in (known, rows))
    share, z = repeated / size, surprise(own, size, repeated, size)
    if share - own / size < rules.repeats_share or z < rules.missing_z:
        return None
    said = f"{share:.1%} of the rows repeat another row in every feature; among as many rows of the reference {own / size:.1%} do."
    return fault("duplicate_rows", said, share, size, z=z)


def _hashes(frame: pd.DataFrame) -> _Hashes:
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)
