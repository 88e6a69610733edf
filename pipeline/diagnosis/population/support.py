"""How far the population moved as a whole, and how many customers came that the champion was not trained on."""

from collections.abc import Iterator

import numpy as np

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.domain_classifier import OWN, RARER, Domain
from pipeline.diagnosis.population.grown_columns import find_grown_columns
from pipeline.diagnosis.repeated_customers import customers_of, effective_rows
from pipeline.profiles.profile import CategoricalProfile, strangers
from pipeline.shown_text import FOLD_BELOW, plain, quoted
from pipeline.workspace.evidence_policy import SupportRules

_BY_CHANCE = 1e-4  # of any column seeming to have unseen categories


def find_support(observed: Observed, domain: Domain | None, rules: SupportRules) -> tuple[Finding, ...]:
    """`population_moved` and `unsupported_rows`, notable or not, then `unseen_category` of each column that has enough such rows, and
    `grew_with_time` of each that grows for the same customers.

    The last counts all rows of the window; the first two rest on `domain`, of samples, and are missing without it.
    """
    found = [*_unseen(observed, rules)]
    found += find_grown_columns(observed)
    return (*_moved(domain, len(observed.window), rules), *found) if domain else tuple(found)


def _moved(domain: Domain, rows: int, rules: SupportRules) -> Iterator[Finding]:
    z = (domain.auc - 0.5) / max(domain.error, 1e-9)
    moved = domain.auc > rules.domain_auc and z > rules.domain_z
    told = f"A classifier tells the window's rows from the reference's with ROC-AUC {domain.auc:.2f} ± {1.96 * domain.error:.2f} (0.50 is not at all)"
    yield Finding(
        family="support",
        name="population_moved",
        strength=domain.auc,
        unit="ROC-AUC of telling window from reference",
        n=rows,
        low=domain.auc - 1.96 * domain.error,
        high=domain.auc + 1.96 * domain.error,
        z=z,
        notable=moved,
        argues_for=("covariate_benign", "covariate_harmful") if moved else (),
        argues_against=() if moved else ("covariate_benign", "covariate_harmful"),
        said=f"{told}: the population moved." if moved else f"{told}: much the same customers.",
    )
    share = float(domain.unsupported[1].mean())
    error = float(np.sqrt(share * (1 - share) / domain.window.size))
    unsupported = moved and share >= rules.unsupported_share
    yield Finding(
        family="support",
        name="unsupported_rows",
        strength=share,
        unit="share of the window's rows",
        n=rows,
        low=max(0.0, share - 1.96 * error),
        high=min(1.0, share + 1.96 * error),
        share=share,
        notable=unsupported,
        argues_for=("covariate_harmful",) if unsupported else (),
        argues_against=() if unsupported else ("covariate_harmful",),
        said=f"{share:.1%} of the rows are unlike {OWN:.0%} of the reference's own, at least {RARER:.0f} times as common as there"
        + (": what the champion says of them is a guess until outcomes show." if unsupported else "."),
    )


def _unseen(observed: Observed, rules: SupportRules) -> Iterator[Finding]:
    if not observed.rows:
        return
    worth = effective_rows(customers_of(observed.window, observed.before, observed.ids)) / max(1, len(observed.window))
    worth *= observed.customers / observed.rows if observed.customers else 1.0
    known = {column.name: column for column in observed.profile_before.categorical}
    for column in observed.profile.categorical:
        if column.name in observed.columns.categorical and column.name not in observed.profile.absent:
            finding = _unseen_in(column, known[column.name], observed.rows, worth, rules, len(known))
            if finding:
                yield finding


def _unseen_in(
    column: CategoricalProfile, before: CategoricalProfile, rows: int, worth: float, rules: SupportRules, columns: int
) -> Finding | None:
    from scipy.stats import binom

    unseen = strangers(before, column)
    new = sum(unseen.values()) + column.unnamed
    share = new / rows
    if share < rules.unseen_share:
        return None
    # Where categories are many, some are always new: about as large a share as those that the reference has once (Good 1953).
    usual = ((*before.counts, *before.new_counts).count(1) + before.unnamed + 1) / (before.count + 2)
    if binom.sf(np.floor(new * worth) - 1, round(rows * worth), usual) * columns > _BY_CHANCE:
        return None
    most = max(((count, name) for name, count in unseen.items()), default=(0, ""))
    named = most[0] >= FOLD_BELOW and 2 * most[0] >= new
    example = f", most of them {quoted(most[1])}" if named else ""
    return Finding(
        family="support",
        name="unseen_category",
        column=column.name,
        segment=(column.name, most[1]) if named else None,
        strength=share,
        unit="share of the window's rows",
        n=rows,
        share=share,
        argues_for=("covariate_harmful", "data_fault"),
        argues_against=("none",),
        said=f"{share:.1%} of the rows have a `{plain(column.name)}` that the champion never saw{example}: it guesses there, whether they are new "
        "customers or a new spelling.",
    )
