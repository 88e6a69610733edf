"""The versions of the model that a workspace made or took in: where each stands, and how two of them differ."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from pipeline.clock import moment
from pipeline.errors import ChurnopsError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.record.cases import waiting_in
from pipeline.record.champion import find_champion
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain


class ModelVersion(BaseModel, frozen=True):
    """One version. `state`: of those that `served` and those that were never deployed (`registered`) the bytes are kept all the same."""

    version: str
    digest: str
    registered_at: datetime
    case_id: str | None
    state: Literal["champion", "waits", "served", "registered"]


class Difference(BaseModel, frozen=True):
    """One thing in which two versions differ, as text."""

    what: str
    first: str
    second: str


def model_versions(opened: Opened) -> tuple[ModelVersion, ...]:
    """All versions, newest first, as the ledger has them.

    Raises:
        IntegrityError: as `find_champion`.
    """
    champion = find_champion(opened.workspace, opened.ledger)
    waiting = None if champion is None else waiting_in(opened.cases.waiting(champion.digest))
    served = {str(entry.body["version"]) for kind in MOVES for entry in opened.ledger.of_kind(kind)}
    found = {}
    for entry in opened.ledger.of_kind("challenged"):
        version = str(entry.body["version"])
        state: Literal["champion", "waits", "served", "registered"] = "served" if version in served else "registered"
        if champion is not None and version == champion.version:
            state = "champion"
        elif waiting is not None and version == waiting.version:
            state = "waits"
        found[version] = ModelVersion(
            version=version, digest=str(entry.body["digest"]), registered_at=moment(entry.at), case_id=entry.case_id, state=state
        )
    return tuple(reversed(found.values()))


def model_version(opened: Opened, asked: str) -> tuple[ModelVersion, Artifact]:
    """A version by its number, or by the beginning of its digest (eight characters at least), and its artifact, bytes checked.

    Raises:
        ChurnopsError: there is none.
        IntegrityError: its bytes are gone or changed.
    """
    found = model_versions(opened)
    for one in found:
        if one.version == asked or (len(asked) >= 8 and one.digest.startswith(asked)):
            return one, open_artifact(opened.workspace, one.digest)
    known = ", ".join(one.version for one in found[:10]) or "none yet"
    raise ChurnopsError(f"There is no version “{plain(asked, 64)}”.", f"Versions are: {known}. See `churnops models list`.")


def differences(first: Artifact, second: Artifact) -> tuple[Difference, ...]:
    """In what two models differ: how each was made, of which rows, by which packages, and its measures on its own test set."""
    told = _told(first), _told(second)
    names = [*told[0], *(name for name in told[1] if name not in told[0])]
    pairs = ((name, told[0].get(name, "–"), told[1].get(name, "–")) for name in names)
    return tuple(Difference(what=name, first=one, second=other) for name, one, other in pairs if one != other)


def _told(artifact: Artifact) -> dict[str, str]:
    made, measured = artifact.manifest, artifact.metrics
    return {
        "family": made.estimator,
        **{f"hyperparameter {name}": f"{value:g}" for name, value in made.hyperparameters.items()},
        "seed": str(made.seed),
        "threshold": f"{made.threshold:g}",
        "calibration": "kept" if made.calibration.kept else "not kept",
        "recalibrated": "no" if made.recalibration is None else f"on {made.recalibration.rows:,} rows",
        "numerical features": ", ".join(made.columns.numerical),
        "categorical features": ", ".join(made.columns.categorical),
        **{f"derived {name}": one.text for name, one in made.columns.derived.items()},
        "training rows": f"{made.rows:,}",
        "churners among them": f"{made.churners:,}",
        "fingerprint of the rows": made.data_sha256[:12],
        "trained at": f"{made.trained_at:%Y-%m-%d %H:%M}",
        **({"your repository": made.repository.said} if made.repository else {}),
        **{f"version of {name}": number for name, number in made.versions.items()},
        "ROC-AUC": f"{measured.roc_auc.value:.4f} on {measured.n:,} rows",
        "log loss": f"{measured.log_loss.value:.4f}",
    }
