"""What a message says: what happened in a sentence, the column, how sure, and what a person can do. Values from data stay data."""

from datetime import datetime

from agent.watch.idle_cost import idle_cost
from pipeline.clock import moment
from pipeline.record.cases import Case, concluded
from pipeline.record.entry import Entry
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.alerts import Alert
from pipeline.state.outbox import Phase
from pipeline.words import ACTIONS, CAUSES
from reports.ack_links import PATH, ack_link
from reports.filing import page_of, report_path

# What chats and mail readers would take for a mention, a link or markup.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "*": "∗", "[": "(", "]": ")", "|": "¦"})


def safe(text: str, length: int) -> str:
    """Text that may hold values of a table, on one line, with nothing in it that a destination takes for markup."""
    return plain(text, length).translate(_HARMLESS)


def asked_of_people(opened: Opened, case: Case) -> tuple[str, str]:
    """Title and text where a case needs people."""
    found = concluded(case)
    if found is None:
        return "A case needs people", _what_to_do(opened, case)
    column = f" (column {safe(found.column, 80)})" if found.column else ""
    said = [safe(found.said, 600), f"How sure: {found.confidence:.0%}. What to do: {ACTIONS[found.action].means}."]
    said += [f"To call: {safe(owner, 200)}" for owner in found.owners]
    if (lost := idle_cost(opened, found)) is not None:
        said.append(lost.said)
    return f"{CAUSES[found.cause].headline}{column}", "\n".join([*said, _what_to_do(opened, case)])


def bad_deploy(opened: Opened, case: Case, found: str) -> tuple[str, str]:
    """Title and text where a deploy turned out bad; `found` is what the newest check says of it."""
    said = [safe(found, 600)] if found else []
    root = opened.workspace.root
    said += ["Going back to the model that served before is recommended; a person decides.", _what_to_do(opened, case)]
    return (
        f"Version {safe(case.champion.version, 40)} turned out worse than the model it replaced",
        "\n".join([*said, f"Go back: churnops rollback --workspace {root}", f"See: churnops deploys --workspace {root}"]),
    )


def too_few_data(opened: Opened, case: Case) -> tuple[str, str]:
    """Title and text where a window is too small for a verdict."""
    rows = f"{case.drift.current_rows:,} rows" if case.drift else "Too few rows"
    return (
        "Too few data for a verdict",
        f"{rows} in the window: whether the model is well is not visible here.\n{_what_to_do(opened, case)}",
    )


def challenger_waits(opened: Opened, case: Case, until: datetime) -> tuple[str, str]:
    """Title and text where a challenger waits for a person."""
    challenger = case.challenger
    version = f"Version {challenger.version}" if challenger else "A challenger"
    said = [
        f"{version} passed the gate and can be approved until {until:%Y-%m-%d %H:%M} UTC. Nothing was deployed.",
        safe(page_of(opened, case).summary(), 700),
    ]
    return "A challenger waits for approval", "\n".join([*said, _what_to_do(opened, case, approve=True)])


def moved(opened: Opened, entry: Entry) -> tuple[str, str]:
    """Title and text of a deploy or a rollback."""
    version, who = safe(str(entry.body.get("version")), 40), safe(str(entry.body.get("reviewer", "")), 200)
    by = f", by {who}" if who else ""
    what = "was deployed" if entry.kind == "deployed" else "serves again: the model was rolled back"
    where = f"churnops reports list --workspace {opened.workspace.root}"
    return f"Version {version} {what}", f"On {moment(entry.at):%Y-%m-%d %H:%M} UTC{by}.\nSee: {where}"


def written(opened: Opened, alert: Alert, phase: Phase) -> tuple[str, str]:
    """Subject and body of one message about an alert."""
    root, page = str(opened.workspace.root), opened.settings.alerts.page.rstrip("/")
    said, name = alert.condition, safe(root.rstrip("/").rpartition("/")[2], 60)
    if phase == "over":
        return f"[{name}] Back to normal: {said.title}", f"What alert {alert.number} said on {alert.opened_at:%Y-%m-%d %H:%M} UTC is over."
    again = f"Reminder {alert.reminders}: " if phase == "reminder" else ""
    lines = [said.said]
    if not alert.ended_at:
        lines.append(f"To take it on: churnops alerts ack {alert.number} --workspace {root}")
        lines += [f"Or by this link: {page}{PATH}/{ack_link(opened, alert)}"] if page else []
    return f"[{name}] {again}{said.title}", "\n".join(lines)


def _what_to_do(opened: Opened, case: Case, *, approve: bool = False) -> str:
    root, page = opened.workspace.root, opened.settings.alerts.page.rstrip("/")
    lines = [f"Read: churnops reports show {case.case_id} --workspace {root}"]
    if approve:
        lines.append(f"Decide: churnops reports approve {case.case_id} --workspace {root} (or reject)")
    if page:
        lines.append(f"Page: {page}/review/cases/{case.case_id}")
    if case.report is not None:
        lines.append(f"Report: {report_path(opened.workspace, case.case_id)}")
    return "\n".join(lines)
