"""Columns that belong together and no longer do: the mark of a join out of step, or of a column replaced by another, in all rows or in some.

Where some rows hold the values of other customers, a column keeps its own distribution and loses the same part of every tie it has. Customers who
change loosen some ties and not others.

A population that moves changes how closely columns belong together, most of all where it narrows. So the window is compared with the
reference weighted to look like the window column by column, not with the reference as it was.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.population.association import Tie, correlation, counts_of, strong_ties
from pipeline.diagnosis.population.copies import copies
from pipeline.diagnosis.population.crosstab import Crosstab, crosstab, enough
from pipeline.diagnosis.population.domain_classifier import window_weights
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DependencyRules

_PARTLY = 0.8  # of its ties' strength that a column keeps at most where a part of its rows is wrong: fewer than a fifth do not show
_FEWEST_TIES = 3  # of which all must have loosened: of two, one other cause may have loosened both
_EACH_Z = 2.0  # standard errors by which each of them fell


@dataclass(frozen=True)
class _Fall:
    """A tie before and after, `before` in the weighted reference, and by how many standard errors it fell."""

    tie: Tie
    before: float
    after: float
    z: float

    def lost(self, rules: DependencyRules) -> bool:
        return self.z > rules.lost_z and self.after < rules.lost_ratio * self.before


def find_lost_dependencies(observed: Observed, rules: DependencyRules) -> tuple[Finding, ...]:
    """`dependency_lost` of each column that is at fault: at least `lost_pairs` of its strong ties are lost, or all of them a part. The column with
    most lost ties is blamed first, and what is lost with it blames nobody else."""
    if not enough(observed):
        return ()
    tab = crosstab(observed)
    left, found = _falls(tab, observed.before, rules), []
    while at_fault := _worst(left, rules):
        name, ties = at_fault
        found.append(_finding(tab, name, ties, rules, len(observed.window)))
        left = [fall for fall in left if name not in (fall.tie.one, fall.tie.other)]
    while (loosened := _loosened(tab, left, rules)) is not None:
        found.append(_partly(tab, loosened, _own(left, loosened), len(observed.window)))
        left = [fall for fall in left if loosened not in (fall.tie.one, fall.tie.other)]
    return tuple(found)


def _own(falls: list[_Fall], place: int) -> list[_Fall]:
    return [fall for fall in falls if place in (fall.tie.one, fall.tie.other)]


def _kept(ties: list[_Fall]) -> float:
    """Share of their strength that the ties kept together, 0-1."""
    return max(0.0, sum(fall.after for fall in ties)) / sum(fall.before for fall in ties)


def _loosened(tab: Crosstab, falls: list[_Fall], rules: DependencyRules) -> int | None:
    """The column all of whose ties fell, though it did not move itself; the one that kept least of them."""
    places = {place for fall in falls for place in (fall.tie.one, fall.tie.other)}
    found = [
        place
        for place in places
        if len(ties := _own(falls, place)) >= _FEWEST_TIES
        and _kept(ties) <= _PARTLY
        and min(fall.z for fall in ties) >= _EACH_Z
        and float(np.median([fall.z for fall in ties])) >= rules.lost_z
        and tab.moved(place) < rules.moved_share  # of one that moved, `moved_alone` asks more
    ]
    return min(found, key=lambda place: (_kept(_own(falls, place)), place), default=None)


def _partly(tab: Crosstab, place: int, ties: list[_Fall], rows: int) -> Finding:
    clearest, share = max(ties, key=lambda fall: fall.z), 1 - _kept(ties)
    name, partner = plain(tab.names[place]), plain(tab.names[clearest.tie.partner(place)])
    return Finding(
        family="dependency",
        name="dependency_lost",
        column=tab.names[place],
        strength=clearest.before - clearest.after,
        unit="correlation lost",
        n=rows,
        z=clearest.z,
        share=share,
        argues_for=("data_fault",),
        argues_against=("covariate_benign", "covariate_harmful", "prior_shift"),
        said=f"`{name}` is distributed as ever, but fits all {len(ties)} columns it belongs with less well: with `{partner}` it correlated by "
        f"{clearest.before:.2f}, now by {clearest.after:.2f} ({clearest.z:.0f} standard errors). About {share:.0%} of the rows hold a value that belongs to "
        "another customer, as after a join out of step.",
    )


def _falls(tab: Crosstab, reference: pd.DataFrame, rules: DependencyRules) -> list[_Fall]:
    """Of every strong tie, but those of copies that still agree: what breaks one breaks the other, and neither vouches for it."""
    before, now = tab.indicators(tab.reference), tab.indicators(tab.window)
    ties = strong_ties(tab, counts_of(before), rules.strong)
    weights = window_weights(tab, SEED)
    worth, same = weights.sum() ** 2 / (weights**2).sum(), copies(tab, ties, reference)
    weighted, window = counts_of(before, weights), counts_of(now)
    found = []
    for tie in ties:
        block = tab.spans[tie.one], tab.spans[tie.other]
        was, is_now = correlation(tie, weighted[block]), correlation(tie, window[block])
        if was is None or is_now is None:
            continue  # a column that no longer varies belongs to nothing; others see that
        error = float(np.sqrt(was.variance / worth + is_now.variance / tab.effective))
        fall = _Fall(tie, was.value, is_now.value, (was.value - is_now.value) / max(error, 1e-9))
        if (tie.one, tie.other) not in same or fall.lost(rules):
            found.append(fall)
    return found


def _worst(falls: list[_Fall], rules: DependencyRules) -> tuple[int, list[_Fall]] | None:
    """The column with most lost ties among those that lost enough of them, and all its ties; of two with equally many, the one that has
    fewer ties left."""
    places = {place for fall in falls for place in (fall.tie.one, fall.tie.other)}
    own = {place: _own(falls, place) for place in places}
    lost = {place: sum(fall.lost(rules) for fall in ties) for place, ties in own.items()}
    broken = [place for place in places if lost[place] and lost[place] >= rules.lost_pairs * len(own[place])]
    if not broken:
        return None
    worst = max(broken, key=lambda place: (lost[place], lost[place] / len(own[place]), -place))
    return worst, own[worst]


def _finding(tab: Crosstab, place: int, ties: list[_Fall], rules: DependencyRules, rows: int) -> Finding:
    lost = [fall for fall in ties if fall.lost(rules)]
    clearest = max(lost, key=lambda fall: fall.z)
    name, partner = plain(tab.names[place]), plain(tab.names[clearest.tie.partner(place)])
    many = f"{len(lost)} of the {len(ties)} columns it belongs with" if len(ties) > 1 else "the one column it belongs with"
    either = f" With two columns alone it cannot be told which is at fault: it may be `{partner}`." if len(ties) == 1 else ""
    return Finding(
        family="dependency",
        name="dependency_lost",
        column=tab.names[place],
        strength=clearest.before - clearest.after,
        unit="correlation lost",
        n=rows,
        z=clearest.z,
        argues_for=("data_fault",),
        argues_against=("covariate_benign", "covariate_harmful", "prior_shift"),
        said=f"`{name}` no longer fits {many}: with `{partner}` it correlated by {clearest.before:.2f}, now by {clearest.after:.2f} "
        f"({clearest.z:.0f} standard errors), more than any move of the customers explains. A join out of step or a replaced column does that.{either}",
    )
