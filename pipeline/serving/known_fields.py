"""What clients may send of a customer: the fields of every model of the workspace, so that none of them breaks when another model serves."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import ChurnopsError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.profiles.profile import spelling_of
from pipeline.record.champion import open_answering
from pipeline.record.opened_workspace import Opened
from pipeline.tables.schema import Schema


@dataclass(frozen=True)
class KnownFields:
    """`columns`: those of the model that answers, then the features that only others take. `whole`: categories that are whole numbers,
    which may be sent as such. `optional`: features that some model does without; whoever is served by it need not send them."""

    columns: Schema
    whole: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    def united(self, other: "KnownFields") -> "KnownFields":
        """With what the `other` knows; this one goes before it."""
        mine, its = {*self.columns.features}, {*other.columns.features}
        columns = self.columns.united(other.columns)
        return KnownFields(columns, self.whole | (other.whole - mine), self.optional | other.optional | (mine ^ its))


class ModelFields:
    """The fields of all models that were published in one workspace: those that served, wait, or were turned down, on another host, too. A model
    never changes, so each is looked at once."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._seen: dict[str, KnownFields] = {}

    def beside(self, known: KnownFields) -> KnownFields:
        """What is known while these are the fields of the model that answers."""
        for other in self._all():
            known = known.united(other)
        return known

    def _all(self) -> Iterator[KnownFields]:
        for digest in sorted(self._published()):
            if digest not in self._seen:
                try:
                    self._seen[digest] = fields_of(open_artifact(self._opened.workspace, digest))
                except (ChurnopsError, ValueError, OSError):
                    continue  # a folder that is no whole model has no say; whoever opens it is told why
            yield self._seen[digest]

    def _published(self) -> set[str]:
        folder = self._opened.workspace.models
        here = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        return here if self._opened.workspace.shared is None else here | self._opened.ledger.models()


def fields_of(artifact: Artifact) -> KnownFields:
    """Those of one model."""
    whole = (name for name, known in spelling_of(artifact.profile()).items() if known.are_whole)
    return KnownFields(artifact.manifest.columns, frozenset(whole))


def known_in(opened: Opened, fields: ModelFields) -> KnownFields:
    """What is known now; while no champion can be read, the workspace's own columns go before. `fields`: of the same workspace."""
    try:
        own = fields_of(open_answering(opened)[1])
    except ChurnopsError:
        own = KnownFields(opened.settings.data.columns)
    return fields.beside(own)
