"""A person takes a changed reference table in as a new version: what is different is shown, the sha256 is remembered, and the ledger says who and why."""

from collections.abc import Sequence

from pydantic import BaseModel

from pipeline.drift.summarise import summarise_drift
from pipeline.drift.summary import FeatureDrift
from pipeline.errors import ChurnopsError
from pipeline.intake.reference import reference_as_it_is
from pipeline.profiles.counting import profile_with_customers
from pipeline.record.champion import find_champion, open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.roles.leaks import telling_features
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.tables.reading import typed
from pipeline.tables.splits import split_reference
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Window
from pipeline.workspace.settings_file import set_reference
from reports.decisions.rulings import LONGEST_REASON, stated


class DataDiff(BaseModel, frozen=True):
    """A reference table that changed, beside the one that is remembered. `version` is what it would become, the one `init` saw is 1.

    `unnamed`: its columns that [data] gives no role. `champion_rows` and `champion_churn_rate` (0-1) are of the champion's training rows, and
    `drifted` the features that differ from its reference, strongest first; None and empty without a champion. `repeated`: rows that are there more than once,
    outcome and all; `leaks`: features that alone tell who churned."""

    version: int
    sha256_before: str
    sha256: str
    rows: int
    churn_rate: float
    champion_rows: int | None
    champion_churn_rate: float | None
    unnamed: tuple[str, ...]
    drifted: tuple[FeatureDrift, ...]
    repeated: int
    leaks: tuple[str, ...]
    split: str


def data_diff(opened: Opened) -> DataDiff:
    """How the reference table as it lies there now differs.

    Raises:
        ChurnopsError: it did not change.
        DataError: it is gone, lacks a column, or cannot be divided to train and test on.
    """
    data, columns = opened.settings.data, opened.settings.data.columns
    raw, found = reference_as_it_is(opened)
    if found == data.sha256:
        raise ChurnopsError("The reference table is the one that churnops.toml remembers.", "There is nothing to accept.")
    table = typed(raw, columns, with_target=True)
    split = split_reference(table, columns, opened.settings.training.seed, newest_to_test=data.split == "time")
    named = {columns.target, columns.id, columns.time, *columns.features}
    champion_rows = churn_rate = None
    drifted: Sequence[FeatureDrift] = ()
    if find_champion(opened.workspace, opened.ledger) is not None:
        _, artifact = open_champion(opened)
        made, baseline = artifact.manifest, baseline_of(artifact)
        champion_rows, churn_rate = made.rows, made.churners / made.rows
        rows, watched = Frame(table), baseline.columns_in(columns)
        profile, scored = profile_with_customers(rows, watched, baseline.profile, ALL_ROWS)
        window = Window("the reference table as it is now", rows, watched, ALL_ROWS, profile, None, scored)
        drifted = [one for one in summarise_drift(baseline, window, opened.policy).features if one.drifted]
    return DataDiff(
        version=len(opened.ledger.of_kind("data_accepted")) + 2,
        sha256_before=data.sha256,
        sha256=found,
        rows=len(table),
        churn_rate=float(table[columns.target].mean()),
        champion_rows=champion_rows,
        champion_churn_rate=churn_rate,
        unnamed=tuple(name for name in raw.frame.columns if name not in named),
        drifted=tuple(sorted(drifted, key=lambda one: -one.score / one.threshold)),
        repeated=int(table.duplicated().sum()),
        leaks=telling_features(split.train, columns),
        split=split.how,
    )


def accept_data(opened: Opened, diff: DataDiff, reason: str) -> None:
    """Let the table of `diff` be the reference from now on. The champion stays as it is; the next training takes these rows.

    Raises:
        ChurnopsError: no reason is given, or the table changed once more.
        SettingsError: churnops.toml cannot be written; then the ledger has the acceptance, and accepting again completes it.
    """
    why = stated(reason, "reason", LONGEST_REASON)
    if reference_as_it_is(opened)[1] != diff.sha256:
        raise ChurnopsError("The reference table changed in this very moment.", "Look again, then accept.")
    body = {
        "version": diff.version,
        "sha256": diff.sha256,
        "previous": diff.sha256_before,
        "rows": diff.rows,
        "reason": why,
        "by": opened.person,
    }
    opened.ledger.append(opened.clock(), "data_accepted", None, body)
    set_reference(opened.workspace.settings_file, diff.sha256)
