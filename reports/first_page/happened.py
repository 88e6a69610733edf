"""What happened, for people: a headline that names cause and column, and three sentences without statistics."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.record.cases import WindowFacts
from pipeline.shown_text import plain
from pipeline.windows.stretch import dates
from pipeline.words import CAUSES, counted

# Completes "the data are broken:" after the column's name.
_BROKEN: Mapping[str, str] = MappingProxyType(
    {
        "missing_column": "is missing",
        "text_in_numbers": "holds text among its numbers",
        "all_missing": "has no values any more",
        "more_missing": "has lost values",
        "unit_change": "arrives in another unit",
        "rescaled": "arrives in another unit",
        "sign_flipped": "has its sign turned round",
        "constant": "has a single value",
        "value_spike": "has one value far too often",
        "clipped": "is cut off",
        "swapped_columns": "has changed places with another column",
        "renamed_category": "spells its values anew",
        "impossible_values": "holds impossible values",
        "vanished_category": "has lost a value",
        "dependency_lost": "no longer fits the rest of its row",
        "expectation_broken": "breaks what was declared",
    }
)
# Completes "the outcomes cannot be trusted yet:".
_UNSOUND: Mapping[str, str] = MappingProxyType(
    {
        "labels_immature": "they were taken too early",
        "labels_inverted": "yes and no look swapped",
        "labels_selected": "those known are no fair sample",
        "labels_stopped": "some stopped coming in",
        "labels_redefined": "they mean something else by now",
    }
)
# What the cause means for the business, where the findings do not say it already.
_MEANS: Mapping[Cause, str] = MappingProxyType(
    {
        "none": "Data, customers and outcomes look as they did in training.",
        "covariate_benign": "Customers of each kind behave as before as far as outcomes are known, so the champion still fits them.",
        "covariate_harmful": "The champion was trained on few such customers, and does worse on them.",
        "prior_shift": "The champion still ranks customers rightly; only its probabilities are off.",
        "concept_drift": "The data are sound as far as can be seen: it is the customers who changed.",
        "data_fault": "Scores that rest on it are wrong until it is fixed; the model itself is not to blame.",
        "label_fault": "Nobody can tell from these outcomes how good the champion is, and nothing may be trained on them.",
        "unsure": "No one explanation fits better than the others.",
    }
)
_OF_BEHAVIOUR = frozenset({"concept_drift", "covariate_harmful", "prior_shift", "unsure"})
_STATISTICS = re.compile(r" \([^()]*\d[^()]*\)| ± [\d.,]+| at today's level")  # the last: the rate of all is told beside it


def headline(found: Diagnosis) -> str:
    """Cause and place on one line."""
    cause, lead = CAUSES[found.cause].headline, leading(found)
    column = found.column and plain(found.column)
    if found.provisional:
        return f"{cause}, as far as can be seen without outcomes"
    if lead is not None and lead.segment is not None and found.cause == "concept_drift":
        return f"{cause}: {group(lead)}"
    if column and lead is not None and found.cause == "data_fault" and lead.column == found.column and lead.name in _BROKEN:
        return f"{cause}: {column} {_BROKEN[lead.name]}"
    if lead is not None and found.cause == "label_fault" and lead.name in _UNSOUND:
        return f"{cause}: {_UNSOUND[lead.name]}"
    return f"{cause}: {column}" if column else cause


def happened(window: WindowFacts | None, found: Diagnosis) -> tuple[str, str, str]:
    """What happened, what it means, and on whom that was judged: three sentences."""
    lead = leading(found)
    first = plainly(lead.said) if lead is not None else plainly(found.said)
    return first, _base(window, found, lead) or _MEANS[found.cause], _judged(window, found)


def leading(found: Diagnosis) -> Finding | None:
    """The strongest finding that speaks for the cause; one about the column in question goes before the others."""
    for_it = [finding for finding in found.findings if finding.notable and found.cause in finding.argues_for]
    return next((finding for finding in for_it if found.column and finding.column == found.column), for_it[0] if for_it else None)


def group(finding: Finding) -> str:
    """The kind of customers that a finding speaks of."""
    if finding.segment is None:
        return "all customers"
    column, value = finding.segment
    return f"customers with {plain(column)} {plain(value)}"


def plainly(said: str) -> str:
    """A sentence of a finding without its statistics, which stand in the evidence.

    >>> plainly("The rate rose (+5.0 ± 1.2 points, 900 rows): the level moved up.")
    'The rate rose: the level moved up.'
    """
    return _STATISTICS.sub("", said).replace("of the reference", "of the training data")


def _base(window: WindowFacts | None, found: Diagnosis, lead: Finding | None) -> str:
    """How all customers moved, and that a group moved the other way where it did; empty where all of them moved no more than by chance."""
    level = next((one for one in found.findings if one.name == "level_change" and one.notable), None)
    if window is None or not window.labelled_rows or found.cause not in _OF_BEHAVIOUR or level is None or level is lead:
        return ""
    now = 100 * window.labelled_churners / window.labelled_rows
    overall = f"{now:.0f} of 100 customers left instead of {max(0.0, now - level.strength):.0f}"
    if lead is not None and lead.name == "conditional_change" and (lead.strength > 0) != (level.strength > 0):
        turned = ("more", "fewer") if lead.strength > 0 else ("less", "more")
        return f"These customers leave {turned[0]} than others do now, while of all customers {turned[1]} leave: {overall}."
    return f"Overall {overall}."


def _judged(window: WindowFacts | None, found: Diagnosis) -> str:
    if window is None:
        return "Which customers this was judged on is not on record."
    by_outcomes = found.cause != "data_fault" and window.labelled_rows > 0
    stretch = window.windows and (window.windows.matured if by_outcomes else window.windows.recent)
    since, until = (stretch.since, stretch.until) if stretch else (window.since, window.until)
    customers = stretch.customers if stretch else None if by_outcomes else window.customers
    whom = counted(customers, "customer") if customers else counted(window.labelled_rows if by_outcomes else window.rows, "scored row")
    scored = f", scored {dates(since, until)}" if since and until else ""
    return f"Judged on {whom}{' with a known outcome' if by_outcomes else ''}{scored}."
