"""What is on record, as tables of the page: cases, checks, versions, deploys, and the ledger's rows."""

import re
from dataclasses import dataclass
from datetime import datetime

from pipeline.clock import moment
from pipeline.measures.measure import Comparison
from pipeline.record.cases import Case
from pipeline.record.entry import Entry
from pipeline.record.ledger import Ledger
from pipeline.record.model_versions import ModelVersion
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.check_figures import IntervalFigure
from pipeline.state.checks import done_checks
from pipeline.words import action_name
from reports.decisions.case_status import standings
from reports.deploys import DeployOutcome

CASES, CHECKS, ROWS = 200, 120, 100  # of a page, newest first
_SAID, _BODY, _NAME = 300, 240, 80  # characters
_NOTHING = "–"
_KEYS = {"gate_rows": "rows of the test set", "roc_auc": "ROC-AUC"}  # what a row's key is called where people read
_DIGEST = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class RecordCell:
    """One cell: its text, and below the session's address the page it leads to, empty where it leads nowhere."""

    text: str
    to: str = ""


@dataclass(frozen=True)
class TableView:
    """One table with its `caption`; columns whose place is in `numbers` are set flush right. `empty` is said where it has no rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[RecordCell, ...], ...]
    empty: str
    numbers: frozenset[int] = frozenset()


def case_table(opened: Opened) -> TableView:
    """The newest cases."""
    cases = opened.cases.newest(CASES)
    stands = standings(opened, cases)
    return TableView(
        "Cases",
        ("case", "opened (UTC)", "started by", "status", "action"),
        tuple(
            (
                _case(case.case_id),
                RecordCell(_when(case.opened_at)),
                RecordCell(_started(case)),
                RecordCell(stands[case.case_id].status),
                RecordCell(action_name(case.action) if case.action else _NOTHING),
            )
            for case in cases
        ),
        "No case yet. A triage opens one.",
    )


def check_table(opened: Opened) -> TableView:
    """The newest checks of `churnops watch` that came to their end, with what they measured."""
    rows = []
    for check in reversed(done_checks(opened.state, CHECKS)):
        figures = check.figures
        assert figures is not None  # `done_checks` has no others
        drifted = "" if check.drift_share is None else f"{check.drift_share:.0%}"
        churned = "" if figures.churn_rate is None else f"{figures.churn_rate:.1%}"
        cells = (f"{figures.rows:,}", _interval(figures.measured), _interval(figures.expected), churned, drifted)
        said = RecordCell(plain(check.said, _SAID), f"cases/{check.case_id}" if check.case_id else "")
        rows.append((RecordCell(_when(check.started_at)), *(RecordCell(text or _NOTHING) for text in cells), said))
    return TableView(
        "Checks",
        ("check (UTC)", "rows", "ROC-AUC measured", "ROC-AUC expected", "churned", "features drifted", "what it said"),
        tuple(rows),
        "No check yet. `churnops watch` makes them on a schedule.",
        frozenset(range(1, 6)),
    )


def version_table(versions: tuple[ModelVersion, ...], *, may_go_back: bool) -> TableView:
    """All versions of the model; with the page that goes back to one, for whoever may."""
    return TableView(
        "Versions",
        ("version", "digest", "state", "registered (UTC)", "case", *(("",) if may_go_back else ())),
        tuple(
            (
                RecordCell(one.version),
                RecordCell(one.digest[:12]),
                RecordCell(one.state),
                RecordCell(_when(one.registered_at)),
                _case(one.case_id),
                *(
                    (RecordCell("go back to it", f"rollback/{one.version}") if one.state == "served" else RecordCell(""),)
                    if may_go_back
                    else ()
                ),
            )
            for one in versions
        ),
        "No version yet. A training makes the first.",
    )


def deploy_table(deploys: tuple[DeployOutcome, ...]) -> TableView:
    """What each deploy promised, and what it brought."""
    return TableView(
        "Deploys",
        ("version", "replaced", "since (UTC)", "until (UTC)", "promised", "brought", "what came of it"),
        tuple(
            (
                RecordCell(one.version),
                RecordCell(one.replaced),
                RecordCell(_when(one.since)),
                RecordCell(f"{_when(one.until)}, {(one.ended or '').replace('_', ' ')}" if one.until else "serves"),
                RecordCell(_gain(one.promised.roc_auc)),
                RecordCell(_gain(one.found.roc_auc if one.found else None)),
                RecordCell(one.said, f"cases/{one.case_id}" if one.case_id else ""),
            )
            for one in deploys
        ),
        "No model was deployed in another one's place yet.",
    )


def ledger_table(ledger: Ledger, before: int | None) -> tuple[TableView, int | None]:
    """Rows of the ledger below number `before`, and the number below which the older ones are; None where there are none."""
    entries = ledger.newest_rows(ROWS, before)
    table = TableView(
        "Ledger",
        ("row", "time (UTC)", "kind", "case", "what it says", "hash"),
        tuple(
            (
                RecordCell(str(entry.seq)),
                RecordCell(_when(moment(entry.at))),
                RecordCell(entry.kind.replace("_", " ")),
                _case(entry.case_id),
                RecordCell(_told(entry)),
                RecordCell(entry.hash[:12]),
            )
            for entry in entries
        ),
        "No row.",
    )
    return table, entries[-1].seq if entries and entries[-1].seq > 1 else None


def _told(entry: Entry) -> str:
    """What a row says in single values; digests and what is nested are left to `.churnops/ledger.jsonl`, which has it all."""
    single = {name: value for name, value in entry.body.items() if isinstance(value, str | int | float) and not _DIGEST.search(str(value))}
    said = "; ".join(f"{_KEYS.get(name, name.replace('_', ' '))} {_value(value)}" for name, value in single.items() if value != "")
    return plain(said, _BODY) or _NOTHING


def _value(value: str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else plain(str(value), _NAME)


def _case(case_id: str | None) -> RecordCell:
    return RecordCell(case_id, f"cases/{case_id}") if case_id else RecordCell(_NOTHING)


def _started(case: Case) -> str:
    return f"{case.started_by}, {plain(case.person, _NAME)}" if case.person else case.started_by


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _interval(figure: IntervalFigure | None) -> str:
    if figure is None:
        return ""
    span = "" if figure.low is None or figure.high is None else f" ({figure.low:.3f} to {figure.high:.3f})"
    return f"{figure.value:.3f}{span}"


def _gain(found: Comparison | None) -> str:
    """ROC-AUC over the model that was replaced."""
    return _NOTHING if found is None else f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
