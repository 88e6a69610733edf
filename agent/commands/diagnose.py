"""`churnops diagnose`: what happened in the current window."""

from typing import Annotated

import typer

from agent.commands import window_options
from agent.commands.options import HERE, JsonOption, VerboseOption, WorkspaceOption, echo_json, next_command, opened
from agent.views.theme import terminal


def diagnose(
    current: window_options.CurrentOption = None,
    outcomes: window_options.OutcomesOption = None,
    length: window_options.LengthOption = "",
    since: window_options.SinceOption = "",
    since_deploy: window_options.SinceDeployOption = False,
    rows: window_options.RowsOption = None,
    attribute: Annotated[bool, typer.Option("--attribute", help="Say what a loss comes from, in shares; takes some seconds more.")] = False,
    workspace: WorkspaceOption = HERE,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find out what happened in the current window, how sure that is, and what could not be seen; opens no case. The answer comes last."""

    from agent.views.attribution_view import attribution_view
    from agent.views.diagnosis_view import diagnosis_view
    from agent.views.paged import show
    from agent.views.theme import DETAIL
    from agent.views.verdict_view import diagnosis_verdict
    from pipeline.diagnosis.dated_diagnosis import dated
    from pipeline.diagnosis.diagnose import diagnose as conclude
    from pipeline.diagnosis.observed import observe
    from pipeline.diagnosis.owners import owned
    from pipeline.diagnosis.picture import picture
    from pipeline.intake.asked_rows import with_newest_list
    from pipeline.models.typical_value import typical_value
    from pipeline.record.cases import WindowFacts
    from pipeline.rulings.noted_events import happenings, known_events, recorded_events
    from pipeline.rulings.past_cases import past_rulings
    from pipeline.words import counted
    from reports.first_page.customers import monthly_customers
    from reports.first_page.timed_diagnosis import timed
    from tools.case_windows import current_window

    console = terminal(stderr=as_json)
    choice = window_options.chosen_window(current, outcomes, length, since, since_deploy, rows)
    here = opened(workspace)
    with console.status("Reading the window") as status:
        _, artifact, baseline, window = current_window(here, choice.reader(here))
        status.update("Weighing the evidence")
        recorded = recorded_events(here.state)
        observed = observe(artifact, baseline, window)
        found = conclude(
            observed,
            here.policy,
            value=typical_value(here.settings.value, artifact),
            known=(
                *known_events(recorded, window.since, window.until),
                *past_rulings(here.cases.all(), None, window.since),
            ),
            happened=happenings(recorded),
            attributed="always" if attribute else "never",
        )
        facts = WindowFacts.of(window)
        found = timed(here, dated(found, window.windows), artifact, facts)
        found = with_newest_list(here, owned(found, here.settings.owners), window.until)
    answer = diagnosis_verdict(found, facts, here.cases.all(), next_command(here.workspace.root, "triage"), picture(found, observed))
    if verbose:
        show(console, diagnosis_view(found, facts.rows, facts.labelled_rows, facts.customers, facts.windows))
    if attribute:
        console.print(attribution_view(found, monthly_customers(facts, found)))
    answer.print_on(console)
    if not verbose:
        console.print(f"{counted(len(found.findings), 'finding')}, and what else it may be: --verbose", style=DETAIL)
    echo_json(as_json, found)
