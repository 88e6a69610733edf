"""What the commands of a chat show without any operator: drift, models, cases, as Markdown made from the record."""

from agent.chat.markdown import sentence, table
from pipeline.drift.summary import DriftSummary, FeatureDrift
from pipeline.errors import ChurnopsError
from pipeline.intake.window_choice import WindowChoice
from pipeline.measures.measure import Metrics
from pipeline.record.cases import Case, concluded
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.words import CAUSES, DRIFT_LEVELS, STATUSES, action_name, rows_of_customers
from reports.filing import written_report
from reports.markdown_cells import ARROWS, MEASURES, bar_cells, figure, score, strength
from reports.number_sources import without_links
from reports.report_sections import body

_CASES = 5  # the newest; `churnops case list` shows all


def measured_drift(opened: Opened, window: WindowChoice) -> DriftSummary:
    """Drift of the window as it is now; opens no case.

    Raises:
        ChurnopsError: there is no champion, or the window cannot be read.
    """
    from pipeline.drift.summarise import summarise_drift
    from tools.case_windows import current_window

    _, _, baseline, current = current_window(opened, window.reader(opened))
    return summarise_drift(baseline, current, opened.policy)


def drift_told(summary: DriftSummary, opened: Opened) -> str:
    """A drift summary, the features that moved first."""
    if summary.share is None:
        return f"**Not enough data**: {summary.current_rows:,} rows in the window, {opened.policy.drift.min_rows:,} needed for a verdict."
    head = (
        f"**{summary.drifted} of {summary.features_total} features drifted ({summary.share:.1%}), drift level: {DRIFT_LEVELS[summary.band]}.** "
        f"Reference {summary.reference_rows:,} rows, window {rows_of_customers(summary.current_rows, summary.customers)}."
    )
    ordered = sorted(summary.features, key=strength, reverse=True)
    rows = [(feature.name, _bar(feature), score(feature), _moved(feature)) for feature in ordered]
    found = [f"- {sentence(spot.said)}" for spot in summary.findings]
    return "\n\n".join(filter(None, (head, table(("feature", "strength", "score", "what moved"), rows), "\n".join(found))))


def feature_told(opened: Opened, window: WindowChoice, feature: str) -> str:
    """One feature from near.

    Raises:
        ChurnopsError: there is no such feature, or the window cannot be read.
    """
    from pipeline.diagnosis.feature_inspection import inspect_feature
    from pipeline.diagnosis.observed import observe
    from tools.case_windows import current_window

    _, artifact, baseline, current = current_window(opened, window.reader(opened))
    names = artifact.manifest.columns.features
    exact = next((name for name in names if name.lower() == feature.lower()), feature)
    view = inspect_feature(observe(artifact, baseline, current), exact)
    rows = [(one.label, f"{one.reference:.1%}", f"{one.window:.1%}", _change(one.window - one.reference)) for one in view.bins]
    parts = [
        f"**{sentence(plain(view.feature))}** ({view.kind}), {view.sampled:,} rows looked at. Missing {view.missing_reference:.1%} before, "
        f"{view.missing_window:.1%} now.",
        table((view.kind, "reference", "window", "change"), rows),
    ]
    return "\n\n".join(parts)


def models_told(opened: Opened, window: WindowChoice, case_id: str) -> str:
    """Champion and challenger on the same rows; where nothing was trained, the champion then and now.

    Raises:
        ChurnopsError: there is no such case or no champion, or the window cannot be read.
    """
    cases = [opened.cases.find(case_id)] if case_id else list(opened.cases.all())
    for case in cases:
        done = [training.result for training in opened.cases.trainings(case.case_id) if training.result is not None]
        if not done:
            continue
        last = done[-1]
        told = "passed the gate" if last.gate.passed else "failed the gate"
        columns = {"champion": last.champion_metrics, "challenger" if last.gate.passed else "candidate": last.metrics}
        parts = [
            f"Case `{case.case_id}`: {last.estimator.replace('_', ' ')}, mode {last.mode}, {told}; {last.metrics.n:,} rows, {last.whether_unseen()}."
        ]
        parts.append(_measures(columns))
        if last.comparison is not None:
            against = last.comparison
            parts.append(f"ROC-AUC, difference: {against.difference:+.3f} ({against.low:+.3f} to {against.high:+.3f}).")
        parts.append("\n".join(f"- {check.mark} `{check.rule}`: {sentence(check.said)}" for check in last.gate.checks))
        return "\n\n".join(parts)
    if case_id:
        raise ChurnopsError(f"Nothing was trained in case {cases[0].case_id}.", "`/compare` alone sets the champion then beside now.")
    return _then_and_now(opened, window)


def _then_and_now(opened: Opened, window: WindowChoice) -> str:
    from tools.case_opening import window_metrics
    from tools.case_windows import current_window

    champion, artifact, _, current = current_window(opened, window.reader(opened))
    now = window_metrics(artifact, current, opened.policy)
    told = f"Champion version {champion.version}; nothing was trained to compare it with."
    if now is None:
        told += f" {current.labelled_rows:,} rows have a known outcome, too few to measure it there."
    told = " ".join((told, *current.windows.said[1:], *filter(None, (current.windows.unseen,))))
    return f"{told}\n\n{_measures({'test set': artifact.metrics, 'this window': now})}"


def cases_told(opened: Opened) -> str:
    """The newest cases, and what waits for a person."""
    cases = opened.cases.all()
    if not cases:
        return "No case yet: ask what moved, or run `/triage`."
    rows = [(case.case_id, STATUSES[case.status], _cause(case), action_name(case.action)) for case in cases[:_CASES]]
    waiting = [case for case in cases if case.status == "pending_approval" and case.challenger is not None]
    said = [
        f"**Challenger version {case.challenger.version} waits**: `/report {case.case_id}`, then `/approve {case.case_id}` or `/reject {case.case_id}`."
        for case in waiting
        if case.challenger is not None
    ]
    return "\n\n".join((table(("case", "status", "cause", "action"), rows), *said))


def report_told(opened: Opened, case_id: str) -> str:
    """The report of a case, of the newest that has one where none is named.

    Raises:
        ChurnopsError: there is none.
    """
    cases = [opened.cases.find(case_id)] if case_id else [case for case in opened.cases.all() if case.report is not None]
    if not cases or cases[0].report is None:
        raise ChurnopsError("There is no report yet.", "Run `/triage`.")
    path = written_report(opened, cases[0].case_id, cases[0].report.sha256)
    if not path.is_file():
        raise ChurnopsError(f"The report {path} is gone.", "Restore it from a backup, or run `/triage` again.")
    return without_links(body(path.read_text(encoding="utf-8"))).strip()


def _cause(case: Case) -> str:
    found = concluded(case)
    return CAUSES[found.cause].headline if found else "–"


def _measures(models: dict[str, Metrics | None]) -> str:
    shown = [(label, *("–" if one is None else figure(getattr(one, name)) for one in models.values())) for name, label in MEASURES]
    return table(("measure", *models), shown)


def _bar(feature: FeatureDrift) -> str:
    cells = bar_cells(feature)
    return "█" * cells + "░" * (10 - cells)


def _moved(feature: FeatureDrift) -> str:
    arrow = ARROWS[feature.direction] if feature.direction else ""
    return f"{arrow} {feature.change}".strip() if feature.drifted or feature.calibrated else "–"


def _change(share: float) -> str:
    return f"{share:+.1%}" if abs(share) >= 0.0005 else "–"
