"""Who is scored, as the settings say it, and who was in the reference, by id."""

from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Files
from pipeline.tables.file_format import kind_of
from pipeline.windows.population import PopulationKind
from pipeline.windows.window import Roster


def declared(opened: Opened) -> PopulationKind | None:
    """What [predictions] says; None where it leaves it to be guessed."""
    return opened.settings.predictions.population or None


def roster(opened: Opened) -> Roster | None:
    """The reference table with its ids; None where it has none, is not there, or would have to be read whole to look up a few."""
    path, data = opened.reference_file, opened.settings.data
    if not data.id or not path.is_file() or kind_of(path.name) not in ("delimited", "parquet"):
        return None
    return Roster(Files(str(path), data.format), data.columns)
