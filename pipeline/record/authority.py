"""Who may approve and what serves, read from the ledger's first row on: each seal checked under the rules of its time, before it counts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from pydantic import ValidationError

from pipeline.clock import CLOCKS_DIFFER, moment
from pipeline.errors import IntegrityError
from pipeline.record.anchor import check_anchor
from pipeline.record.approvers import UNWRITTEN, Trust, check_seal, configured_trust, time_of
from pipeline.record.chain import Chain
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES, Kind, Ledger
from pipeline.record.review_mark import read_review_mark
from pipeline.workspace.folder import Workspace

_DEEDS: tuple[Kind, ...] = ("trusted", "approved", "clock_corrected", *MOVES)
_VERIFY = "Run `churnops reports verify`."


class UnsealedRow(IntegrityError):
    """Row `row` of the ledger says what nobody who might sealed it."""

    def __init__(self, row: int, error: IntegrityError) -> None:
        super().__init__(f"Row {row} of the ledger does not hold: {error.problem}", error.next_step)
        self.row = row


@dataclass(frozen=True)
class Authority:
    """What the ledger says of who may approve and what serves.

    `workspace_id`: the random id of its first row; of a workspace from before there were ids, the hash of that row. `trust`: the rules in
    force now; `accepted`: the row that accepted them, None before there was one. `move`: the newest row that made a champion, and
    `move_is_signed` whether a signature covers it, its own or one given over the ledger since.
    """

    workspace_id: str
    chain: Chain
    trust: Trust
    accepted: Entry | None
    move: Entry | None
    move_is_signed: bool


def read_authority(ledger: Ledger) -> Authority:
    """Check the whole ledger.

    Raises:
        IntegrityError: see `Ledger.chain`.
        UnsealedRow: a row on who may approve, an approval, a move of the champion or a correction of the clock is not sealed by somebody who
            might, was sealed for another ledger, or is dated as it cannot be.
    """
    walk = _Walk(ledger)
    for entry in walk.chain.rows:
        try:
            walk.take(entry)
        except IntegrityError as error:
            raise UnsealedRow(entry.seq, error) from error
    move = walk.moves[-1] if walk.moves else None
    return Authority(walk.workspace_id, walk.chain, walk.trust, walk.accepted, move, walk.champion_is_signed)


def accepted_trust(ledger: Ledger) -> Trust:
    """The rules in force now, as a person last accepted them."""
    return read_authority(ledger).trust


def require_authority(workspace: Workspace, ledger: Ledger) -> Authority:
    """What the ledger says, where it may be acted on.

    Raises:
        IntegrityError: as `read_authority`; churnops.toml or the file of allowed signers says something else and no person has accepted it;
            or the anchor keeps a row that the ledger lacks.
    """
    authority = read_authority(ledger)
    if read_review_mark(workspace) is not None:
        return authority  # a copy signs under its origin's rules, and what its own settings say decides nothing
    if configured_trust(workspace) != authority.trust:
        raise IntegrityError(
            "Who may approve was changed in churnops.toml or in the file of allowed signers, and no person has accepted it.",
            "Undo the change, or accept it with `churnops reports trust`.",
        )
    if authority.trust.anchor:
        check_anchor(workspace.root / authority.trust.anchor, authority.workspace_id, authority.chain)
    return authority


def require_trust(workspace: Workspace, ledger: Ledger) -> Trust:
    """The rules in force now. Errors as `require_authority`."""
    return require_authority(workspace, ledger).trust


class _Walk:
    """Goes through the rows in their order. `bound`: from here on each record names the workspace and a head; records from before do not."""

    def __init__(self, ledger: Ledger) -> None:
        self.chain = ledger.chain(_DEEDS)
        self.trust: Trust = UNWRITTEN
        self.accepted: Entry | None = None
        self.moves: list[Entry] = []
        self.workspace_id = self.chain.hashes[0] if self.chain.hashes else ""
        self._now = ledger.clock()
        self._bound = False
        self._signed_to = 0  # the last row that a signature covers
        self._move_signed = False
        self._approvals: dict[int, Entry] = {}
        self._used: set[object] = set()
        self._newest, self._looked = "", 0

    def take(self, entry: Entry) -> None:
        match entry.kind:
            case "trusted":
                self._accept(entry)
            case "approved":
                self._check_record(entry)
                self._use(entry.case_id)
                self._approvals[entry.seq] = entry
            case "clock_corrected":
                self._check_record(entry)
                self._newest, self._looked = entry.at, entry.seq
            case _:
                self._move(entry)

    def _accept(self, entry: Entry) -> None:
        if entry.body.get("previous") != (self.accepted.hash if self.accepted else None):
            raise IntegrityError("It does not follow what was accepted before.", _VERIFY)
        try:
            accepted = Trust.model_validate(entry.body.get("trust"))
        except ValidationError as error:
            raise IntegrityError("It does not say who may approve.", _VERIFY) from error
        if entry.seq == 1:  # the workspace's first row says what it began with
            named = entry.body.get("workspace")
            self._bound = isinstance(named, str) and bool(named)
            self.workspace_id = named if isinstance(named, str) and named else self.workspace_id
        else:
            self._bound = self._bound or accepted.pinned
            # Else whoever writes a ledger anew begins it with signers whom nobody of them has ever met.
            first_signature = accepted.pinned and self.trust.mode == "local"
            self._check_record(entry, accepted if first_signature else self.trust)
        self.trust, self.accepted = accepted, entry

    def _move(self, entry: Entry) -> None:
        """The champion moves: where approvals are signed, by one that was made for this one move and is used for no other."""
        if entry.kind == "rolled_back":
            self._check_record(entry)
        self._move_signed = False
        if self.trust.mode == "signed" and (
            self.moves or entry.body.get("bootstrap") is not True
        ):  # nothing stood in the first one's place
            number = entry.body.get("approval")
            approved = entry if entry.kind == "rolled_back" else self._approvals.get(number) if isinstance(number, int) else None
            before = self.moves[-1].hash if self.moves else None
            moved = (entry.case_id, entry.body.get("version"), entry.body.get("digest"), before)
            if approved is None or moved != (
                approved.case_id,
                *(approved.body.get(name) for name in ("version", "digest", "replaces_row")),
            ):
                raise IntegrityError("It moved the champion without an approval of its own.", _VERIFY)
            check_seal(self.trust, approved.body)  # under the rules of the move, too
            self._move_signed = True
        if entry.kind == "deployed":
            self._use(entry.body.get("approval"))
        self.moves.append(entry)

    @property
    def champion_is_signed(self) -> bool:
        """Whether a signature covers the newest move: its own, or one given over the ledger since."""
        return not self.moves or self._move_signed or self._signed_to >= self.moves[-1].seq

    def _check_record(self, entry: Entry, trust: Trust | None = None) -> None:
        trust, head = trust or self.trust, entry.body.get("head")
        if not head:
            if self._bound:
                raise IntegrityError("It does not name the workspace and its ledger.", _VERIFY)
            check_seal(trust, entry.body)
            return
        asked_at = self.chain.row_of(str(head))
        if entry.body.get("workspace") != self.workspace_id:
            raise IntegrityError("It was sealed for another workspace.", _VERIFY)
        if asked_at is None or asked_at >= entry.seq:
            raise IntegrityError("It was sealed for a ledger that this one does not go on.", _VERIFY)
        written, sealed_at = _stored(entry.at), time_of(entry.body)
        # A correction is asked for at rows that are dated ahead of it.
        asked = sealed_at if entry.kind == "clock_corrected" else _stored(self.chain.times[asked_at - 1])
        if not asked - CLOCKS_DIFFER <= sealed_at <= written + CLOCKS_DIFFER:
            raise IntegrityError("Its time does not lie between that of the row it was asked for at and its own.", _VERIFY)
        check_seal(trust, entry.body, also_at=min(max(written, self._newest_before(entry)), self._now))
        self._bound = True
        if trust.mode == "signed":
            self._signed_to = max(self._signed_to, asked_at)

    def _newest_before(self, entry: Entry) -> datetime:
        """The latest time of the rows before this one since the clock was corrected: a row that is dated back is judged by it all the same."""
        for at in islice(self.chain.times, self._looked, entry.seq - 1):
            self._newest = max(self._newest, at)
        self._looked = entry.seq - 1
        return _stored(self._newest)

    def _use(self, key: object) -> None:
        if key is not None and key in self._used:
            raise IntegrityError("It uses an approval again.", _VERIFY)
        self._used.add(key)


def _stored(at: str) -> datetime:
    try:
        return moment(at).astimezone(UTC)
    except ValueError as error:
        raise IntegrityError(f"{at[:40]!r} is no time of a row.", _VERIFY) from error
