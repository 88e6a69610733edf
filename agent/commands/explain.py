"""`churnops explain`: why the champion says what it says, of all customers, of one, or of a case's window."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands import window_options
from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.explanation.customer import CustomerExplanation
    from pipeline.explanation.whole_model import ModelExplanation
    from pipeline.intake.window_choice import WindowChoice
    from pipeline.record.opened_workspace import Opened


def explain(
    id_: Annotated[str | None, typer.Option("--id", help="This customer, as the window has it last.", show_default=False)] = None,
    row: Annotated[
        Path | None, typer.Option("--row", parser=given_file, metavar="FILE", help="The one customer of this file.", show_default=False)
    ] = None,
    case_id: Annotated[
        str | None,
        typer.Option("--case", help="The window of this case: which features moved how many customers between tiers.", show_default=False),
    ] = None,
    current: window_options.CurrentOption = None,
    length: window_options.LengthOption = "",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="With a customer: also draw the answer there.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Explain the champion by SHAP values (the extra `explain`): over its training rows, or one customer with a second opinion (LIME), or a case."""
    from agent.views.theme import terminal
    from pipeline.explanation.explainer import require_shap

    given = [name for name, value in (("--id", id_), ("--row", row), ("--case", case_id)) if value is not None]
    if len(given) > 1:
        raise typer.BadParameter(f"choose one of {', '.join(given)}", param_hint=given[0])
    if html is not None and id_ is None and row is None:
        raise typer.BadParameter("it draws one customer: name one with --id or --row", param_hint="--html")
    if (current is not None or length) and id_ is None and case_id is None:
        raise typer.BadParameter("a window is looked at with --id or --case", param_hint="--current" if current else "--window")
    require_shap()
    console, here = terminal(stderr=as_json), opened(workspace)
    choice = window_options.chosen_window(current=current, length=length)
    if id_ is not None or row is not None:
        found = _customer(here, console, choice, id_, row)
        _show_customer(console, found, id_ or str(row), html)
        echo_json(as_json, found)
    else:
        told = _model(here, console, choice, case_id)
        echo_json(as_json, told)


def _customer(here: "Opened", console: "Console", choice: "WindowChoice", id_: str | None, file: Path | None) -> "CustomerExplanation":
    from pipeline.explanation.customer import CustomerExplainer
    from pipeline.explanation.explainer import open_explainer
    from pipeline.intake.one_customer import customer_in_file, customer_with_id
    from pipeline.record.champion import open_champion
    from pipeline.scoring.scorer import open_scorer
    from pipeline.windows.baseline import baseline_of

    champion, artifact = open_champion(here)
    with console.status("Explaining"):
        if file is not None:
            row = customer_in_file(here, artifact.manifest.columns, file)
        else:
            row = customer_with_id(choice.reader(here)(champion, baseline_of(artifact)), id_ or "")
        scorer = open_scorer(artifact, here.settings.value, version=champion.version)
        return CustomerExplainer(artifact, scorer, open_explainer(artifact)).explain(scorer.cells(row))


def _show_customer(console: "Console", found: "CustomerExplanation", customer: str, html: Path | None) -> None:
    from agent.views.explanation_view import customer_table
    from pipeline.atomic_files import write_atomically
    from reports.explanation_page import customer_agreements_said, customer_page

    console.print(customer_table(found))
    console.print(
        f"Probability {found.probability:.3f}, {found.tier} risk. {found.method}, before calibration, in {found.unit}; LIME in probability.",
        *customer_agreements_said(found),
        sep="\n",
        markup=False,
    )
    if html is not None:
        write_atomically(html, customer_page(found, customer))
        console.print(f"Drawn: {html}", markup=False, soft_wrap=True)


def _model(here: "Opened", console: "Console", choice: "WindowChoice", case_id: str | None) -> "ModelExplanation":
    from agent.views.explanation_view import model_table
    from pipeline.explanation.explainer import open_explainer
    from pipeline.explanation.whole_model import explain_model
    from pipeline.intake.window_rows import window_rows
    from pipeline.record.champion import open_champion
    from pipeline.scoring.scorer import open_scorer
    from reports.explanation_page import agreements_said, file_explanation, moves_said
    from tools.case_windows import rows_behind

    champion, artifact = open_champion(here)
    with console.status("Explaining"):
        rows, about, folder = None, "on its training rows", here.workspace.explanations / artifact.digest[:12]
        if case_id is not None:
            case = here.cases.find(case_id)
            rows = window_rows(rows_behind(here, case, choice.reader(here)))
            about, folder = f"on the window of case {case.case_id}", here.workspace.explanations / case.case_id
        scorer = open_scorer(artifact, here.settings.value, version=champion.version)
        found = explain_model(artifact, scorer, open_explainer(artifact), rows, about)
        page = file_explanation(found, folder, here.clock())
    console.print(model_table(found))
    console.print(
        f"{found.method}, before calibration; {found.rows:,} of {found.of_rows:,} rows.", *agreements_said(found), sep="\n", markup=False
    )
    if found.moves is not None:
        console.print(moves_said(found.moves), markup=False)
    console.print(f"The page: {page}", markup=False, soft_wrap=True)
    return found
