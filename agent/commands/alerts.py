"""`churnops alerts`: who hears of what, what waits to be sent, and who takes it on."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened
from agent.views.theme import DETAIL, terminal

app = typer.Typer(help="Look at alerts, take one on, try the destinations, send again.", no_args_is_help=True)
NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the alert, as `alerts list` shows it.")]
_NEWEST = 200


@app.command("test")
def try_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Send a test message to every destination under \\[alerts], and say who took it. Exit code 1 when one did not."""
    import uuid

    from agent.watch.destinations import destinations, usable
    from agent.watch.sending import Message, NotDelivered, send
    from pipeline.errors import SettingsError

    here = opened(workspace)
    named = destinations(here)
    if not named:
        raise SettingsError("[alerts] names no destination.", "Set `destinations` there; docs/watch.md has examples.")
    root, now = str(here.workspace.root), here.clock()
    results: list[dict[str, object]] = []
    for one in named:
        said = f"[{here.workspace.root.name}] A test of churnops", "Alerts of this workspace reach you here. There is nothing to do."
        try:
            send(usable(here, one), Message(uuid.uuid4().hex, 0, "test", "info", "first", None, root, *said, int(now.timestamp())))
            error = None
        except (NotDelivered, SettingsError) as failed:
            error = str(failed)
        typer.echo(f"{one.name}: {'took it' if error is None else error}", err=as_json)
        results.append({"destination": one.name, "ok": error is None, "error": error})
    echo_json(as_json, {"destinations": results})
    if any(not result["ok"] for result in results):
        raise typer.Exit(1)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show the alerts, newest first: since when, who took them on, and which messages still wait."""
    from rich.table import Table

    from agent.watch.destinations import destinations
    from pipeline.state.alerts import newest_alerts
    from pipeline.state.outbox import unsent

    here = opened(workspace)
    found, waiting = newest_alerts(here.state, _NEWEST, over=everything), unsent(here.state)
    names = {one.id: one.name for one in destinations(here)}
    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    for name in ("alert", "since (UTC)", "what", "who", "unsent"):
        table.add_column(name)
    rows: list[dict[str, object]] = []
    for alert in found:
        said, late = alert.condition, [message for message in waiting if message.alert == alert.number]
        who = "over" if alert.ended_at else alert.acked_by or "nobody"
        table.add_row(str(alert.number), f"{alert.opened_at:%Y-%m-%d %H:%M}", said.title, who, str(len(late) or ""))
        unsent_to = [
            {"destination": names.get(message.destination, message.destination), "tries": message.tries, "error": message.error}
            for message in late
        ]
        rows.append(
            {
                "number": alert.number,
                "kind": said.kind,
                "severity": said.severity,
                "title": said.title,
                "said": said.said,
                "case_id": said.case_id,
                "opened_at": alert.opened_at,
                "ended_at": alert.ended_at,
                "acked_by": alert.acked_by,
                "reminders": alert.reminders,
                "unsent": unsent_to,
            }
        )
    terminal(stderr=as_json, markup=False).print(table if found else "No alert stands.")
    echo_json(as_json, {"alerts": rows})


@app.command()
def ack(number: NumberArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Take an alert on: it says who has it, and nobody is reminded of it any more."""
    from pipeline.state.alerts import acknowledge

    here = opened(workspace)
    alert = acknowledge(here.state, number, here.person or "a person", here.clock())
    typer.echo(f"{alert.acked_by} has alert {number}: {alert.condition.title}.", err=as_json)
    echo_json(as_json, {"number": number, "acked_by": alert.acked_by, "acked_at": alert.acked_at})


@app.command()
def resend(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", help="Also send this alert again to all who heard of it.")] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Send now what waits in the outbox, whatever it waits for. Exit code 1 when something did not arrive."""
    from agent.watch.alerting import deliver, enqueue_again
    from pipeline.state.outbox import hurry_in

    here = opened(workspace)
    if number is not None:
        enqueue_again(here, number)
    with here.state.write() as connection:
        hurry_in(connection, number, here.clock())
    done = deliver(here)
    typer.echo(f"{done.arrived} sent.", err=as_json)
    for failure in done.failures:
        typer.echo(failure, err=True)
    echo_json(as_json, {"sent": done.arrived, "failures": done.failures})
    if done.failures:
        raise typer.Exit(1)
