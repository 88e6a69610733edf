"""`churnops deploys`: what each deploy promised, and what it brought."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_to_look
from agent.views.theme import DETAIL, terminal
from pipeline.shown_text import plain

if TYPE_CHECKING:
    from pipeline.measures.measure import Comparison
    from pipeline.shadow.unknown_values import LiveRows
    from reports.deploys import DeployOutcome


def deploys(
    score: Annotated[
        bool, typer.Option("--score", help="First score in the shadow what is new in the log, as each check of `churnops watch` does.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Compare each deployed model with the one it replaced on the same live customers, and the gain it promised with the gain it brought."""
    from rich.table import Table

    from pipeline.shadow.scoring import score_in_shadow, shadow_unable
    from reports.deploys import deploy_outcomes
    from reports.shadow_challenger import shadow_challenger

    here = opened_to_look(workspace)
    console = terminal(stderr=as_json, markup=False)
    for run in score_in_shadow(here) if score else ():
        console.print(
            f"Version {run.model.version}, {run.model.role}: {run.problem or run.unable or f'{run.rows:,} rows scored in the shadow.'}"
        )
    found, waiting = deploy_outcomes(here), shadow_challenger(here)
    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    for name in ("version", "replaced", "served (UTC)", "promised", "brought"):
        table.add_column(name)
    for one in found:
        table.add_row(one.version, one.replaced, _served(one), _gain(one.promised.roc_auc), _gain(one.found.roc_auc if one.found else None))
    console.print(table if found else "No model was deployed in another one's place yet.")
    for one in found:
        console.print(f"Version {one.version}: {one.said}")
        if one.live is not None:
            console.print(f"  {_rows(one.live)}")
        if one.requests is not None:
            console.print(f"  {one.requests.said}")
    if waiting is not None:
        console.print(waiting.said)
    unable = shadow_unable(here)
    if unable is not None:
        console.print(unable)
    echo_json(as_json, {"deploys": found, "waiting": waiting, "unable": unable})


def _served(one: "DeployOutcome") -> str:
    if one.until is None:
        return f"since {one.since:%Y-%m-%d}"
    how = "rolled back" if one.ended == "rolled_back" else "replaced"
    return f"{one.since:%Y-%m-%d}, {how} {one.until:%Y-%m-%d}"


def _rows(live: "LiveRows") -> str:
    """Scores, missing and unseen values of the rows since the deploy, as far as they tell something."""
    said = [
        f"{live.rows:,} rows looked at: median score {live.scores[1]:.1%}, in training {live.expected_scores[1]:.1%} (KS {live.score_distance:.2f})"
    ]
    for what, found in (("missing", live.missing), ("not trained on", live.unknown)):
        if found is not None:
            said.append(f"{found.share:.1%} of `{plain(found.column, 60)}` {what}, before {found.before:.1%}")
    return f"{'; '.join(said)}."


def _gain(found: "Comparison | None") -> str:
    """ROC-AUC over the model that was replaced."""
    return "–" if found is None else f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
