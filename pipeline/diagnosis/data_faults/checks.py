"""Hard data checks: what no population does by itself. What they find is to be fixed before anything else is believed."""

from collections.abc import Iterator, Mapping

from pipeline.diagnosis.data_faults.copied_rows import find_copies
from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.data_faults.odd_values import find_odd_values
from pipeline.diagnosis.data_faults.renamed_categories import find_recoded
from pipeline.diagnosis.data_faults.stopped_feed import find_stopped_feed
from pipeline.diagnosis.data_faults.swapped_columns import find_swapped
from pipeline.diagnosis.data_faults.unit_change import find_unit_change
from pipeline.diagnosis.data_faults.witnesses import Witnesses, witnesses_of
from pipeline.diagnosis.finding import Finding, Name
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.grown_columns import find_grown_columns
from pipeline.drift.blindspots import find_blind_spots
from pipeline.drift.summary import What
from pipeline.workspace.evidence_policy import DataRules

# The others, columns and categories that are new, are no faults.
_FAULTS: Mapping[What, Name] = {
    "missing_column": "missing_column",
    "text_in_numbers": "text_in_numbers",
    "all_missing": "all_missing",
    "more_missing": "more_missing",
    "constant": "constant",
    "clipped": "clipped",
    "duplicate_ids": "duplicate_rows",
}
_SILENT: tuple[Name, ...] = ("missing_column", "all_missing", "constant")  # what is left of such a column says no more


_KINDS = 256  # of customers that one column distinguishes


def data_checks(observed: Observed, rules: DataRules) -> tuple[Finding, ...]:
    """All faults of a window's data, those of the table and of whole columns first. A column that is found exchanged, or in another unit,
    is not asked about its values."""
    if not observed.rows:
        return ()
    seen = witnesses_of(observed)
    known = [
        finding for finding in _known(observed, seen, rules) if finding.name != "more_missing" or not _comes_with(seen, finding, rules)
    ]
    silent = {finding.column for finding in known if finding.name in _SILENT}
    asked = tuple(name for name in observed.columns.features if name not in silent)
    swapped = find_swapped(seen, asked, rules)
    exchanged = {finding.column for finding in swapped}
    found: list[Finding] = [*find_copies(observed, seen, rules), *find_stopped_feed(observed, rules), *swapped]
    # Of the same customers grown older, the youngest pile up where nobody is any younger.
    grown = {finding.column for finding in find_grown_columns(observed)}
    known = [finding for finding in known if finding.column not in grown or finding.name != "clipped"]
    for name in asked:
        if name in exchanged:
            known = [finding for finding in known if finding.column != name or finding.name != "clipped"]
        elif observed.columns.kind(name) == "categorical":
            found += find_recoded(seen, name, rules)
        elif (change := find_unit_change(seen, name, rules)) is not None:
            known = [finding for finding in known if finding.column != name or finding.name != "clipped"]
            found.append(change)
        else:
            clipped = any(finding.name == "clipped" and finding.column == name for finding in known)
            odd = find_odd_values(seen, name, rules)
            found += [finding for finding in odd if finding.name != "value_spike" or not (clipped or name in grown)]
    return (*known, *found)


def _known(observed: Observed, seen: Witnesses, rules: DataRules) -> Iterator[Finding]:
    """What the profiles tell."""
    for spot in find_blind_spots(observed.profile_before, observed.profile, rules, seen.per_customer):
        if spot.what == "duplicate_ids" and (spot.share < rules.repeats_share or _without_times(observed)):
            continue
        if spot.what in _FAULTS:
            yield fault(_FAULTS[spot.what], spot.said, spot.share, observed.rows, z=spot.z, column=spot.column)


def _without_times(observed: Observed) -> bool:
    """Whether a base was declared to be scored again, and nothing says when: then a repeat is no copy."""
    found = observed.past.population
    return observed.times is None and found is not None and found.declared and found.kind != "new_customers"


def _comes_with(seen: Witnesses, finding: Finding, rules: DataRules) -> bool:
    """Whether customers of a kind that always lacked the value became more: new ones, say, who have no total yet."""
    assert finding.column is not None  # it is a column that lacks values
    lacking, share = seen.before[finding.column].isna(), float(seen.after[finding.column].isna().mean())
    for other in seen.columns.features:
        before, after = seen.before[other], seen.after[other]
        if other == finding.column or before.nunique() > _KINDS:
            continue
        # Rows that lack the other value too say nothing: both may come from one broken join.
        expected = after.map(lacking.groupby(before).mean()).sum() / len(after)
        if share - expected < rules.missing_points:
            return True
    return False
