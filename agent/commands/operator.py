"""`churnops operator`: the language model that may operate."""

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened
from agent.views.theme import terminal

app = typer.Typer(help="The language model that may operate.", no_args_is_help=True)


@app.callback()
def _operator() -> None:
    """The language model that may operate."""


@app.command()
def check(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Send one tiny request, without a word about customers, and say what works, what it cost and how fast it was."""
    import os

    import anyio

    from agent.conversation.messages import OperatorFailed
    from agent.operators.claude import key_available
    from agent.operators.endpoint_check import check_endpoint
    from pipeline.errors import ChurnopsError, SettingsError

    settings = opened(workspace).settings.operator
    if not key_available(os.environ, settings.provider):
        raise SettingsError("No key for Claude is set.", "Set ANTHROPIC_API_KEY; `--operator rulebook` needs none.")
    try:
        found = anyio.run(check_endpoint, settings)
    except OperatorFailed as failed:
        raise ChurnopsError(str(failed), "See [operator] in churnops.toml: provider, model, base_url.") from failed
    console = terminal(stderr=as_json)
    where = f" at {found.base_url}" if found.base_url else ""
    console.print(f"{found.model} answered{where} in {found.seconds:g} s.", markup=False)
    console.print("It calls tools: it can operate." if found.tool_call else "It called no tool: it cannot operate, the rulebook would.")
    if found.refused:
        console.print(f"{found.refused[0].upper()}{found.refused[1:]}: it is asked without.", markup=False)
    price = f" ({found.price_note})" if found.price_note else ""
    console.print(f"{found.input_tokens:,} tokens in, {found.output_tokens:,} out: ${found.cost_usd:.4f}{price}.", markup=False)
    echo_json(as_json, found)
    if not found.tool_call:
        raise typer.Exit(1)
