"""Going back to a model on the page: the same gate as `churnops rollback`, bound to what the person was shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.record.approvers import confirmed
from pipeline.record.authority import accepted_trust
from pipeline.record.cases import Decision
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import Deployed
from reports.decisions.rollback import RollbackRecord, draft_rollback, roll_back
from reports.decisions.sealing import require_no_copy
from reports.web.review_page.decision_form import NotFilled, decision_in, digest_of_shown
from reports.web.review_page.guard import Stop


@dataclass(frozen=True)
class RollbackView:
    """What going back would mean: `words` is to be typed, `seen` is the digest of what it is bound to. Where `command` says how it is signed
    elsewhere, `seen` is empty and the page does nothing."""

    version: str
    serving: str
    words: str = ""
    seen: str = ""
    command: str = ""


def rollback_view(opened: Opened, version: str) -> RollbackView:
    """What the page shows of going back to `version`.

    Raises:
        ChurnopsError, IntegrityError: as `draft_rollback`, or this is a copy for review.
    """
    require_no_copy(opened)
    record = draft_rollback(opened, version, Decision(reviewer=opened.person, reason="", at=opened.clock()))
    serving = require_champion(opened.workspace, opened.ledger).version
    if accepted_trust(opened.ledger).mode == "signed":
        return RollbackView(record.version, serving, command=f'churnops rollback --to {record.version} --reason "…"')
    return RollbackView(record.version, serving, _words(record), digest_of_shown(record))


def roll_back_as_seen(opened: Opened, version: str, form: Mapping[str, str]) -> Deployed:
    """Let `version` serve again; `form` has `reason`, `reviewer`, `confirmation` (the typed words) and `seen` (what the person was shown).

    Raises:
        Stop: rollbacks are signed here, other words were typed, or the champion is not what the person was shown; nothing has changed.
        ChurnopsError: as `draft_rollback` and `roll_back`.
    """
    if accepted_trust(opened.ledger).mode == "signed":
        raise Stop(403, "This workspace signs its rollbacks, and the page holds no key.", f"Run churnops rollback --to {version[:32]}.")
    record = draft_rollback(opened, version, decision_in(opened, form))
    if form.get("seen") != digest_of_shown(record):
        raise Stop(409, "The champion is not what you were shown; nothing has changed.", "Read it again, then decide.")
    if form.get("confirmation", "").strip() != _words(record):
        raise NotFilled("confirmation", "Not confirmed; nothing has changed.", f"Type “{_words(record)}” to go back.")
    return roll_back(opened, record, confirmed(record))


def _words(record: RollbackRecord) -> str:
    return f"roll back to {record.version}"
