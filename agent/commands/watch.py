"""`churnops watch`: checks on a schedule, the triages they ask for, and the alerts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, echo_json, opened, opened_by_person
from agent.commands.triage import OperatorName
from agent.views.theme import terminal

if TYPE_CHECKING:
    from agent.conversation.messages import Operator
    from agent.watch.rounds import Rounds, Visit
    from pipeline.record.opened_workspace import Opened


def watch(
    workspaces: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", help="Workspaces to watch, each by its own settings. Default: this folder.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Check now, send what there is to say, and end: for cron and other schedulers.")
    ] = False,
    operator: Annotated[
        OperatorName, typer.Option("--operator", help="auto: Claude where a key is set and the workspace agreed; nobody is asked.")
    ] = "auto",
    metrics: Annotated[
        str, typer.Option("--metrics", metavar="[HOST:]PORT", help="Answer Prometheus there at /metrics; by itself on this machine alone.")
    ] = "",
    detailed_exit_code: Annotated[
        bool, typer.Option("--detailed-exit-code", help="With --once, the gravest of all: as of `churnops triage`.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check on a schedule (\\[watch]), open a case where a check asks for one, and tell people (\\[alerts]). SIGTERM parks what is under way."""
    from agent.watch.rounds import Rounds
    from agent.watch.stopping import Stopping
    from pipeline.workspace.folder import find_workspace

    if not once and (as_json or detailed_exit_code):
        raise typer.BadParameter(
            "it goes with --once: a watch does not end by itself", param_hint="--json" if as_json else "--detailed-exit-code"
        )
    if once and metrics:
        raise typer.BadParameter("it goes with a watch that stays", param_hint="--metrics")
    named = workspaces or [HERE]
    places = tuple(dict.fromkeys(find_workspace(place).root if once and len(named) == 1 else _root(place) for place in named))
    stopping = Stopping()
    stopping.listen()
    rounds = Rounds(places, opened_by_person, opened, lambda here: _operators(here, operator), stopping, _say)
    if once:
        visits = rounds.once()
        echo_json(as_json, {"checked": [_shown(visit) for visit in visits]})
        _end(visits, detailed=detailed_exit_code)
        return
    _say_what_is_ahead(rounds)
    if metrics:
        from agent.watch.metrics import WatchMetrics, listen

        host, _, port = metrics.rpartition(":")
        if not (port.isdecimal() and int(port) < 65536):
            raise typer.BadParameter("it is a port, or a host and a port", param_hint="--metrics")
        bound = listen(WatchMetrics(places, opened), host.strip("[]") or "127.0.0.1", int(port))
        typer.echo(f"Metrics: port {bound}, /metrics")
    rounds.forever()


def _say(line: str) -> None:
    """A line for people; where logs are asked for, its event stands there instead, without words that data or errors chose."""
    from pipeline.log_lines import ASKED

    if ASKED not in os.environ:
        typer.echo(line, err=True)


def _say_what_is_ahead(rounds: "Rounds") -> None:
    """The next check of each workspace. A mistake in the settings is said now, not in the night; it ends a watch that has no other workspace."""
    from agent.watch.destinations import destinations, usable
    from agent.watch.rounds import closing
    from agent.watch.schedule import next_check
    from pipeline.errors import ChurnopsError
    from pipeline.state.checks import check_history

    for place in rounds.workspaces:
        try:
            with closing(opened(place)) as here:
                named = destinations(here)
                for destination in named:
                    usable(here, destination)
                at = next_check(here.settings.watch, check_history(here.state), here.clock())
        except ChurnopsError as error:
            if len(rounds.workspaces) == 1:
                raise
            typer.echo(f"churnops: {place}: {error}", err=True)
        else:
            nobody = "" if named else "; [alerts] names no destination, so nobody is told"
            typer.echo(f"{place}: next check {at:%Y-%m-%d %H:%M} UTC{nobody}")


def _root(place: Path) -> Path:
    """The workspace's folder; where there is none yet, what was asked for: its check fails, and the others go on."""
    from pipeline.errors import WorkspaceError
    from pipeline.workspace.folder import find_workspace

    try:
        return find_workspace(place).root
    except WorkspaceError:
        return place.resolve()


def _operators(here: "Opened", name: OperatorName) -> "tuple[Operator, Operator | None]":

    from agent.commands.triage import choose_operator
    from agent.operators.rulebook import Rulebook

    rulebook = Rulebook(here.policy)
    # `auto` asks a person who never agreed; nobody is there.
    asked: OperatorName = "rulebook" if name == "auto" and here.settings.operator.claude is not True else name
    claude = choose_operator(here, asked, terminal(stderr=True))
    return (rulebook, None) if claude is None else (claude, rulebook)


def _shown(visit: "Visit") -> dict[str, object]:
    return {
        "workspace": str(visit.workspace),
        "case_id": visit.checked.case_id,
        "status": visit.checked.status,
        "said": visit.checked.said,
        "alerts": [
            {"number": alert.number, "kind": alert.condition.kind, "severity": alert.condition.severity, "title": alert.condition.title}
            for alert in visit.alerts
        ],
    }


def _end(visits: "tuple[Visit, ...]", *, detailed: bool) -> None:
    codes = {visit.checked.exit_code for visit in visits}
    for code in (130, 1, 30, 20, 10):
        if code in codes and (detailed or code in {1, 130}):
            raise typer.Exit(code)
