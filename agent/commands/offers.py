"""`churnops offers`: who was contacted, and who was left alone to compare with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person

if TYPE_CHECKING:
    from pipeline.intake.offers import AddedOffers

app = typer.Typer(
    help="Say whom you contacted, so that nobody takes a campaign for a change of the customers; docs/offers.md.", no_args_is_help=True
)


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=given_file,
            help="Path or URL: id and offered_at, optionally kind, accepted and held_out; under your own names, where churnops.toml gives them.",
        ),
    ],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Add a file of offers to the log. Adding it again changes nothing; another word on the same offer counts from then on."""
    from pipeline.intake.offers import add_offers

    _say(add_offers(opened_by_person(workspace), file), as_json)


@app.command()
def pull(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Add the offers that lie where `offers.file` or `offers.table` in churnops.toml says. Pulling again adds what is new."""
    from pipeline.intake.offers import pull_offers

    _say(pull_offers(opened_by_person(workspace)), as_json)


@app.command()
def plan(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", parser=given_file, help="Path or URL of the scored customers: id and score, other columns stay."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="CSV to write: whom to contact, and who is held out.")],
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="K", help="The K highest scores.")] = None,
    from_score: Annotated[
        float | None,
        typer.Option("--from-score", min=0, max=1, metavar="S", help="Everybody from this score on; by default where an offer pays."),
    ] = None,
    score: Annotated[str, typer.Option("--score", metavar="COLUMN", help="Column with the probability of churn.")] = "score",
    kind: Annotated[str, typer.Option("--kind", metavar="WORD", help="Your word for what is offered.")] = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Choose whom to contact, hold some of each risk tier out by lot (`offers.holdout`), and log who that is."""
    from pipeline.intake.offer_plan import Chosen, plan_offers

    planned = plan_offers(opened_by_person(workspace), file, out, Chosen(score, kind, top, from_score))
    tiers = ", ".join(f"{tier.held_out:,} of {tier.customers:,} {tier.tier}" for tier in planned.tiers)
    nobody = "" if planned.held_out else " Nobody is: set `holdout` under [offers], like 0.05, to see later what the offer brought."
    said = f"{planned.to_contact:,} customers to contact, {planned.held_out:,} held out by lot ({tiers or 'no customer'}); {out} is written.{nobody}"
    typer.echo(said, err=as_json)
    echo_json(as_json, planned)


def _say(found: "AddedOffers", as_json: bool) -> None:
    added = "1 offer" if found.added == 1 else f"{found.added:,} offers"
    said = f"{added} added ({found.held_out:,} held out, {found.corrected:,} correct an earlier word), {found.known:,} were known already."
    if found.strangers:
        said += f" For {found.strangers:,} of them no prediction is logged: check the ids."
    typer.echo(said, err=as_json)
    echo_json(as_json, found)
