"""The command line: one Typer app; each command's module imports what it needs when it runs."""

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn, TextIO

import typer

from agent.commands.adopt import adopt
from agent.commands.alerts import app as alerts
from agent.commands.backup import backup, restore
from agent.commands.beginning import begin
from agent.commands.bench import bench
from agent.commands.case import app as case
from agent.commands.chat import chat
from agent.commands.data import app as data
from agent.commands.decisions import decisions
from agent.commands.demo import demo
from agent.commands.deploys import deploys
from agent.commands.diagnose import diagnose
from agent.commands.doctor import doctor
from agent.commands.drift import drift
from agent.commands.event import app as event
from agent.commands.expectations import app as expectations
from agent.commands.explain import explain
from agent.commands.forget import forget
from agent.commands.hold import hold
from agent.commands.init import init
from agent.commands.mcp.serving import app as mcp
from agent.commands.models import app as models
from agent.commands.move import move
from agent.commands.offers import app as offers
from agent.commands.operator import app as operator
from agent.commands.outcomes import app as outcomes
from agent.commands.prune import prune
from agent.commands.replay import replay
from agent.commands.report import report
from agent.commands.reports.listing import app as reports
from agent.commands.rescore import rescore
from agent.commands.rollback import rollback
from agent.commands.score import score
from agent.commands.serve import serve
from agent.commands.simulate import simulate
from agent.commands.status import status
from agent.commands.threshold import threshold
from agent.commands.train import train
from agent.commands.triage import triage
from agent.commands.watch import watch
from agent.commands.window import app as window
from agent.views.output_encoding import never_fail_on_characters
from pipeline.errors import ChurnopsError, NewerRecord, Notice
from pipeline.log_lines import ASKED, log_as_json_where_asked

app = typer.Typer(
    name="churnops",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="With any command, `--debug` shows the traceback of an error, and `--log-json` logs to stderr as JSON.",
)
for command in (
    demo,
    init,
    train,
    adopt,
    simulate,
    drift,
    diagnose,
    triage,
    watch,
    status,
    score,
    explain,
    threshold,
    hold,
    rescore,
    chat,
    serve,
    bench,
    replay,
    deploys,
    decisions,
    report,
    prune,
    rollback,
    backup,
    restore,
    forget,
    move,
    doctor,
):
    app.command()(command)
for name, group in (
    ("reports", reports),
    ("models", models),
    ("data", data),
    ("alerts", alerts),
    ("mcp", mcp),
    ("case", case),
    ("event", event),
    ("window", window),
    ("operator", operator),
    ("outcomes", outcomes),
    ("offers", offers),
    ("expectations", expectations),
):
    app.add_typer(group, name=name)


@app.callback(invoke_without_command=True)
def about(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version and end.", is_eager=True)] = False
) -> None:
    """Watches a churn model: measures drift, finds out what happened, retrains within bounds, and waits for a human."""
    if version:
        from pipeline.churnops_version import churnops_version

        typer.echo(f"churnops {churnops_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        begin()


def main() -> None:
    """Run the command line. Errors on purpose are one sentence on stderr and exit code 1, with `--json` an object `error` as well; wrong usage is 2."""
    debug = "--debug" in sys.argv[1:]
    if "--log-json" in sys.argv[1:]:
        os.environ[ASKED] = "1"  # workers and children log alike
    arguments = [argument for argument in sys.argv[1:] if argument not in {"--debug", "--log-json"}]
    log_as_json_where_asked()
    never_fail_on_characters()
    try:
        with _notices():
            app(args=arguments)
    except ChurnopsError as error:
        if debug:
            raise
        _fail(str(error), arguments, rule=getattr(error, "rule", None))
    except OSError as error:
        if debug:
            raise
        where = error.filename or "no file named"
        _fail(f"{error.strerror or error}: {where}. Check its permissions and free space (`--debug` shows where).", arguments)


@contextmanager
def _notices() -> Iterator[None]:
    """Say what the pipeline warns people of, each sentence once; of records of a newer version only the first."""
    said: set[object] = set()
    usual = warnings.showwarning

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
    ) -> None:
        if not issubclass(category, Notice):
            usual(message, category, filename, lineno, file, line)
            return
        key = category if category is NewerRecord else str(message)
        if key not in said:
            said.add(key)
            _say(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", Notice)
        warnings.showwarning = show
        yield


def _fail(said: str, arguments: list[str], rule: str | None = None) -> NoReturn:
    """End in an error: the sentence on stderr, and with `--json` the same as an object on stdout, with the policy's rule where it met one."""
    _say(said)
    if "--json" in arguments:
        typer.echo(json.dumps({"error": {"said": said, "rule": rule}}))
    sys.exit(1)


def _say(text: str) -> None:
    typer.echo(f"churnops: {text}", err=True)
