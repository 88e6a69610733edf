"""`churnops score`: a list of customers, by what an offer to them is expected to bring or by their risk of churn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person
from agent.views.theme import DETAIL, terminal
from pipeline.measures.contact_list import Rank
from pipeline.shown_text import plain

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 20  # customers on a screen
PEOPLE_MUST_ACT = 10  # exit code, as of `triage --detailed-exit-code`


def table_path(text: str) -> Path:
    """A file whose suffix says how a table is written."""
    path = Path(text)
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise typer.BadParameter(f"{path.name} ends neither in .csv nor in .parquet")
    return path


OutOption = Annotated[
    Path | None, typer.Option("--out", parser=table_path, metavar="FILE", help="Write the list there, CSV or Parquet.", show_default=False)
]


def score(
    file: Annotated[
        Path | None,
        typer.Argument(
            parser=given_file, metavar="FILE", help="Customers (CSV, JSON, Excel, Parquet), here or at a URL.", show_default=False
        ),
    ] = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Customers of the prediction log's recent window, the newest row of each.")
    ] = False,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only so many, the first.", show_default=False)] = None,
    rank: Annotated[
        Rank | None,
        typer.Option(
            "--rank", help="By expected value of an offer, or by risk; by default value where \\[value] is set.", show_default=False
        ),
    ] = None,
    out: OutOption = None,
    despite: Annotated[
        list[str] | None,
        typer.Option("--despite", metavar="CASE", help="Go on although this case keeps lists back; goes on record.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Score customers by the champion, whom to contact first, and say whom to contact, hold out and leave. Refused (exit code 10) while broken data concern the scores, or a person holds lists back."""

    from pipeline.errors import ListHeld
    from pipeline.intake.customers import customers_of
    from pipeline.intake.measured_acceptance import measured_acceptance
    from pipeline.intake.windows import file_window, logged_window
    from pipeline.record.champion import open_champion
    from pipeline.scoring.scorer import open_scorer
    from pipeline.serving.held_lists import check_list
    from pipeline.serving.scored_list import ContactRules, contact_plan, scored_list, write_table
    from pipeline.windows.baseline import baseline_of

    if (file is None) is not from_log:
        raise typer.BadParameter("give a FILE or --from-log, one of the two", param_hint="FILE")
    here = opened_by_person(workspace)
    champion, artifact = open_champion(here)
    baseline, value = baseline_of(artifact), here.settings.value
    by: Rank = rank or ("value" if value.own else "risk")
    console = terminal(stderr=as_json)
    with console.status("Scoring"):
        named = [here.cases.find(case).case_id for case in despite or ()]
        window = logged_window(here, champion, baseline) if file is None else file_window(here, baseline, file, None)
        customers = customers_of(window)
        try:
            check_list(here, artifact.manifest.columns.features, named, len(customers))
        except ListHeld as held:
            typer.echo(f"churnops: {held}", err=True)
            echo_json(as_json, {"held_by": held.cases, "said": str(held)})
            raise typer.Exit(PEOPLE_MUST_ACT) from held
        kept_by_tier = measured_acceptance(here, champion, artifact, baseline) if value.acceptance_from_offers else {}
        scorer = open_scorer(artifact, value, version=champion.version, kept_by_tier=kept_by_tier)
        contacts = ContactRules(by, here.settings.offers.holdout, here.settings.offers.seed, f"{here.clock():%Y-%m-%d}")
        scored = scored_list(scorer, customers, contacts)
        listed = scored if top is None else scored.head(top)
        if out is not None:
            write_table(listed, out)
    if out is not None:
        console.print(f"{len(listed):,} of {len(scored):,} customers written to {out}, by version {champion.version}.", markup=False)
    else:
        show_table(console, listed)
    plan = contact_plan(scored, by, value.currency)
    console.print(plan.said, markup=False)
    if kept_by_tier:
        shares = ", ".join(f"{share:.0%} at {tier} risk" for tier, share in kept_by_tier.items())
        console.print(f"Share of churners that an offer keeps, as measured on logged offers: {shares}.", markup=False)
    told = {} if out is not None else {"customers": listed.to_dict("records")}
    made = {"model_version": champion.version, "model_digest": champion.digest, "scored": len(scored), "listed": len(listed)}
    made = {**made, "ranked_by": by, "plan": plan, "measured_acceptance": kept_by_tier}
    echo_json(as_json, {**made, "out": None if out is None else str(out), "despite": named, **told})


def show_table(console: object, table: "pd.DataFrame") -> None:
    """The first rows of a list on a screen, and how many more there are."""
    from rich.console import Console
    from rich.table import Table

    assert isinstance(console, Console)
    shown = Table(box=None, header_style=DETAIL, pad_edge=False)
    for name in table.columns:
        shown.add_column(str(name).replace("_", " "), no_wrap=name == "id")
    for row in table.head(_SHOWN).itertuples(index=False):
        shown.add_row(*(f"{value:.3f}" if isinstance(value, float) else plain(str(value), 200) for value in row))
    console.print(shown)
    if len(table) > _SHOWN:
        console.print(f"{len(table) - _SHOWN:,} more; `--out FILE` writes them all.", markup=False)
