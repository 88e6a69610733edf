"""A team's own log looked at, its mapping proposed, and what a person accepts of it written into churnops.toml."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.intake.log_sample import sample_of
from pipeline.intake.proposed_mapping import ProposedMapping, ProposedPair, propose
from pipeline.intake.reference import load_reference
from pipeline.intake.team_log import own_log
from pipeline.sources.table_names import table_names
from pipeline.workspace.database_url import holds_password
from pipeline.workspace.prediction_settings import PredictionSettings
from pipeline.workspace.settings_file import set_predictions

if TYPE_CHECKING:
    from pipeline.record.opened_workspace import Opened


@dataclass(frozen=True)
class LogPlace:
    """Where a log lies: a `file`, or a `table` in the database at `url`; the others are empty."""

    file: str = ""
    table: str = ""
    url: str = ""

    @property
    def name(self) -> str:
        return self.table or Path(self.file).name

    @property
    def is_secret(self) -> bool:
        """Whether the URL holds a password, which has no place in a file that is copied about."""
        return holds_password(self.url)


def log_place(here: "Opened", log: str, table: str) -> LogPlace:
    """The place that `--log` and `--log-table` name, with paths as churnops.toml has them: from the workspace's folder.

    Raises:
        DataError: no such file, or a database of which no table is named and which has not exactly one.
    """
    if not log:
        return LogPlace(table=table, url=here.settings.predictions.url)
    scheme, separator, rest = log.partition("://")
    if not separator or ("+" not in scheme and scheme not in ("sqlite", "postgresql")):
        if table:
            raise DataError(f"{log} is no database, so it has no table.", "Write its URL like postgresql+psycopg://user@host/name.")
        return LogPlace(file=_from_root(here, Path(log)) if not separator else log)
    url = f"{scheme}:///{_from_root(here, Path(rest[1:]))}" if scheme.startswith("sqlite") and rest[:1] == "/" and rest[1:] else log
    if not table:
        found = table_names(log)
        if len(found) != 1:
            listed = f"it has {', '.join(f'`{name}`' for name in found[:10])}" if found else "it has none in its usual schema"
            raise DataError("Of that database no table is named.", f"Name it with --log-table; {listed}.")
        (table,) = found
    return LogPlace(table=table, url=url)


def _from_root(here: "Opened", path: Path) -> str:
    place, root = path.resolve(), here.workspace.root
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)


def propose_mapping(here: "Opened", place: LogPlace) -> ProposedMapping:
    """What the columns of the log at `place` are, as far as names and contents tell.

    Raises:
        DataError: the log or the reference cannot be read.
    """
    told = here.settings.predictions
    bare = PredictionSettings(file=place.file, table=place.table, url=place.url, format=told.format)
    log = own_log(replace(here, settings=here.settings.model_copy(update={"predictions": bare})))
    assert log is not None  # its place is named
    return propose(sample_of(log), load_reference(here), here.settings.data.columns, told)


def write_mapping(here: "Opened", place: LogPlace, pairs: Sequence[ProposedPair]) -> None:
    """Write the place of the log and these pairs into churnops.toml. A URL with a password is left out: the environment has to give it.

    Raises:
        SettingsError: see `set_predictions`.
    """
    columns = here.settings.data.columns
    usual = {"id": columns.id, "time": columns.time}
    set_predictions(
        here.workspace.settings_file,
        {"file": place.file, "table": place.table, "url": "" if place.is_secret else place.url}
        | {pair.role: pair.column for pair in pairs if pair.role != "feature" and usual.get(pair.role) != pair.column},
        {pair.column: pair.feature for pair in pairs if pair.role == "feature" and pair.column != pair.feature},
        {pair.feature: pair.values for pair in pairs if pair.values},
        from_outside=place.url if place.is_secret else "",
    )
