"""Other champions for a trained workspace, without training: the same model under another digest, deployed as a person's command would."""

import json
import shutil

from pipeline.models.artifact import MANIFEST, publish
from pipeline.record.champion import Champion, require_champion
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from reports.decisions.promotion import finish_move, record_move


def another_model(opened: Opened, seed: int, **changes: object) -> str:
    """Digest of a copy of the champion whose manifest names another seed and has these `changes`; published."""
    champion = require_champion(opened.workspace, opened.ledger)
    staged = opened.workspace.staging / f"copy-{seed}"
    shutil.copytree(opened.workspace.models / champion.digest, staged)
    manifest = json.loads((staged / MANIFEST).read_text())
    (staged / MANIFEST).write_text(json.dumps({**manifest, "seed": seed, **changes}))
    return publish(staged, opened.workspace)


def deploy(opened: Opened, digest: str, version: str) -> Champion:
    """Make it the champion."""
    with opened.state.write() as connection:
        head = opened.ledger.last_in(connection, MOVES)
        record_move(
            connection,
            opened.ledger,
            "deployed",
            version=version,
            digest=digest,
            after=head and head.hash,
            case_id=None,
            at=opened.clock(),
            record={"reviewer": "Ada"},
        )
    opened.ledger.catch_up()
    return finish_move(opened)
