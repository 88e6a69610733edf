"""What a kill cut off is completed by the next command of a person; nothing is decided here, only finished."""

from pipeline.canonical_json import digest_of
from pipeline.record.approvers import configured_trust
from pipeline.record.authority import accepted_trust
from pipeline.record.champion import check_pointer
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.record.review_mark import read_review_mark
from reports.decisions.promotion import finish_move, mirror_champion
from reports.filing import finish_report, unfinished_reports


def recover(opened: Opened) -> tuple[str, ...]:
    """Complete what the ledger already says: its mirror, reports, the champion's pointer, MLflow's alias. Returns what people should know.

    Raises:
        IntegrityError: ledger, mirror or pointer were changed behind our back, or the artifact to deploy was.
    """
    opened.ledger.catch_up()
    said = [
        f"Completed the report of case {name}, which was cut off." for name in unfinished_reports(opened) if finish_report(opened, name)
    ]
    head = opened.ledger.last(MOVES)
    if head is not None:
        pointer = check_pointer(opened.workspace, opened.ledger)
        champion = finish_move(opened)
        if pointer != champion and opened.workspace.shared is None:  # else another host moved it, as it may
            said.append(f"The champion's pointer lagged behind the ledger; it names version {champion.version} now.")
        said += filter(None, [mirror_champion(opened, champion)])
    return tuple(said)


def note_changed_trust(opened: Opened) -> bool:
    """Whether who may approve differs from what a person last accepted; the ledger gets a row when a change is first seen.

    Raises:
        SettingsError: see `configured_trust`.
    """
    if read_review_mark(opened.workspace) is not None:
        return False
    configured, accepted = configured_trust(opened.workspace), accepted_trust(opened.ledger)
    if configured == accepted:
        return False
    seen = opened.ledger.last(("trusted", "trust_changed"))
    body = {"accepted": digest_of(accepted), "configured": digest_of(configured), "mode": configured.mode, "seen_by": opened.person}
    if seen is None or seen.kind != "trust_changed" or seen.body.get("configured") != body["configured"]:
        opened.ledger.append(opened.clock(), "trust_changed", None, body)
    return True
