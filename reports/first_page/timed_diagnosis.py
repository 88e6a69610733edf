"""A diagnosis that says when to retrain: by what the workspace has on record of earlier looks, and what a training costs the team."""

from collections.abc import Iterator

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.timing.timing import Costs, gain_seen, retraining_time
from pipeline.measures.campaign_value import expected_value, reachable
from pipeline.models.artifact import Artifact
from pipeline.models.typical_value import typical_value
from pipeline.record.cases import WindowFacts
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import GainFigure
from pipeline.state.checks import done_checks
from reports.first_page.customers import monthly_customers

_CHECKS = 400  # the newest: of a year, one a day


def timed(opened: Opened, found: Diagnosis, model: Artifact, window: WindowFacts) -> Diagnosis:
    """The diagnosis with its `timing`; as it is where no training could follow, or outcomes do not tell: data or outcomes may be faulty, a check calls outcomes wrong, or too few are known."""
    refused = found.fault_probability is not None and found.fault_probability >= opened.policy.diagnosis.training_refused_from
    refused = refused or bool(Seen(found.findings).wrong_outcomes)
    if window.windows is None or refused or found.cause in ("data_fault", "label_fault"):
        return found
    seen = gain_seen(found.findings, found.mode, model.digest, model.manifest.trained_at, window.windows)
    if seen is None:
        return found
    costs = _costs(opened, found, model, window)
    told = retraining_time(seen, _earlier(opened), window.windows, costs, opened.policy.retraining)
    if told is not None and told.best == "now" and found.action not in ("retrain", "recalibrate"):
        told = told.model_copy(update={"best": "next", "costs_from": told.next_outcomes})  # what was seen is short of what a change takes
    return found.model_copy(update={"timing": told})


def _earlier(opened: Opened) -> Iterator[GainFigure]:
    yield from (check.figures.gain for check in done_checks(opened.state, _CHECKS) if check.figures and check.figures.gain)
    for case in opened.cases.all():
        if case.diagnosis is not None and case.diagnosis.timing is not None:
            yield case.diagnosis.timing.seen


def _costs(opened: Opened, found: Diagnosis, model: Artifact, window: WindowFacts) -> Costs:
    rules, own = opened.policy.retraining, opened.settings.value
    value = typical_value(own, model)
    monthly = monthly_customers(window, found)
    if not own.own or monthly is None or not window.labelled_rows:
        return Costs(rules.cost)
    rate = window.labelled_churners / window.labelled_rows
    a_point = reachable(rate, 1.0, value) * max(0.0, float(expected_value(1.0, value))) * monthly / 100
    if a_point <= 0:
        return Costs(rules.cost)
    parts = ((own.training_cost, rules.training_cost), (own.review_cost, rules.review_cost))
    return Costs(sum(points if money is None else money / a_point for money, points in parts), a_point)
