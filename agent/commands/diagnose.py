"""`churnops diagnose`: what happened in the current window."""

from agent.commands import window_options
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened


def diagnose(
    current: window_options.CurrentOption = None,
    outcomes: window_options.OutcomesOption = None,
    length: window_options.LengthOption = "",
    since: window_options.SinceOption = "",
    since_deploy: window_options.SinceDeployOption = False,
    rows: window_options.RowsOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Find out what happened in the current window, how sure that is, and what could not be seen; opens no case."""
    from rich.console import Console

    from agent.views.diagnosis_view import diagnosis_view
    from pipeline.diagnosis.dated_diagnosis import dated
    from pipeline.diagnosis.diagnose import diagnose as conclude
    from pipeline.diagnosis.observed import observe
    from pipeline.rulings.noted_events import known_events, recorded_events
    from pipeline.rulings.past_cases import past_rulings
    from tools.case_windows import current_window

    console = Console(stderr=as_json, highlight=False)
    choice = window_options.chosen_window(current, outcomes, length, since, since_deploy, rows)
    here = opened(workspace)
    with console.status("Reading the window") as status:
        _, artifact, baseline, window = current_window(here, choice.reader(here))
        status.update("Weighing the evidence")
        found = conclude(
            observe(artifact, baseline, window),
            here.policy,
            value=here.settings.value,
            known=(
                *known_events(recorded_events(here.state), window.since, window.until),
                *past_rulings(here.cases.all(), None, window.since),
            ),
        )
        found = dated(found, window.windows)
    console.print(diagnosis_view(found, window.rows, window.labelled_rows, window.customers, window.windows))
    echo_json(as_json, found)
