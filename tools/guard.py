"""The bounds of the policy, enforced where the tools act: whoever calls meets the same refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.drift.summary import DriftSummary
from pipeline.errors import OutdatedCase, Refusal
from pipeline.models.unfitted_model import hyperparameters_of, require_packages
from pipeline.record.cases import Call, Case, Training, concluded
from pipeline.record.champion import require_champion
from pipeline.record.failure import CASE_CLOSED
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES, action_name, cause_name, counted
from pipeline.workspace.policy import Policy

_LOOKS = frozenset(
    {
        "get_drift_summary",
        "get_current_model_metrics",
        "diagnose",
        "inspect_feature",
        "query",
        "preview_repair",
        "inspect_outcomes",
        "inspect_pair",
        "get_history",
    }
)
_MOST_LEFT_OUT = 0.5  # of the matured rows: what is left of fewer than half speaks for days that nobody chose


def check_open(case: Case) -> None:
    """A closed case takes no further calls."""
    if not case.unfinished:
        raise Refusal(
            f"Case {case.case_id} is closed ({STATUSES[case.status]}).",
            CASE_CLOSED,
            "a window has one case; new data open another, and a closed one can be looked at.",
        )


def check_call(opened: Opened, case: Case, tool: str) -> None:
    """May this case be worked on? One that is closed may be looked at.

    Raises:
        Refusal: it is closed, or its budget is used.
        OutdatedCase: champion or policy are others than those it was opened on.
    """
    if case.unfinished or tool not in _LOOKS:
        check_open(case)
        check_budget(case, opened.cases.calls(case.case_id), opened.policy)
    if tool == "get_history":
        return
    if require_champion(opened.workspace, opened.ledger).digest != case.champion.digest:
        raise OutdatedCase(f"The champion moved since case {case.case_id} was opened.", "Call get_drift_summary to open a new case.")
    if opened.policy.version != case.policy_version:
        raise OutdatedCase(f"The policy changed since case {case.case_id} was opened.", "Call get_drift_summary to open a new case.")


def calls_of_run(case: Case, calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls that count against the bounds: all of the case's, or those since its partial report if a person resumed it."""
    return tuple(call for call in calls if case.closed_at is None or call.at > case.closed_at)


def check_budget(case: Case, all_calls: Sequence[Call], policy: Policy) -> None:
    """Bounds on calls and on seconds spent in tools. Writing the report is exempt: every case must be able to close."""
    limits, calls = policy.limits, calls_of_run(case, all_calls)
    if len(calls) >= limits.tool_calls:
        raise Refusal(
            f"{len(calls)} tool calls are used.", "limits.tool_calls", f"{limits.tool_calls} a case; close it with save_remediation_report."
        )
    spent = sum(call.seconds for call in calls)
    if spent >= limits.seconds:
        raise Refusal(
            f"Tools have run for {spent:.0f} s.", "limits.seconds", f"{limits.seconds:g} a case; close it with save_remediation_report."
        )


def check_training(case: Case, trainings: Sequence[Training], last_elsewhere: datetime | None, now: datetime, policy: Policy) -> None:
    """May this case train now? What happened, outcomes, retries and cooldown."""
    drift, window, rules = case.drift, case.window, policy.training
    if drift is None or window is None:
        raise Refusal("Drift is not measured yet in this case.", "bands", "call get_drift_summary first.")
    matured = window.windows
    # Where outcomes are of older rows, a quiet week is no reason against learning from them.
    if drift.band == "not_enough_data" and not (matured is not None and matured.reach_back):
        raise Refusal(f"The window has {drift.current_rows} rows.", "drift.min_rows", f"no verdict below {policy.drift.min_rows} rows.")
    _check_cause(case, drift, policy)
    if matured is not None and matured.left_out_share > _MOST_LEFT_OUT:
        said = " ".join(days.left_out for days in matured.left_out)
        raise Refusal(
            f"{matured.left_out_share:.0%} of the rows with a known outcome are broken. {said}",
            "evidence.data",
            "nothing is trained where most outcomes are of broken rows; close the case with action collect_labels.",
        )
    if window.labelled_rows < rules.min_labelled_rows:
        raise Refusal(
            f"{window.labelled_rows} rows of the window have a known outcome.",
            "training.min_labelled_rows",
            f"at least {rules.min_labelled_rows}; use action collect_labels.",
        )
    churners = min(window.labelled_churners, window.labelled_rows - window.labelled_churners)
    if churners < rules.min_labelled_churners:
        raise Refusal(
            f"The smaller class has {churners} labelled rows.",
            "training.min_labelled_churners",
            f"at least {rules.min_labelled_churners}; use action collect_labels.",
        )
    if case.challenger is not None:
        raise Refusal("A challenger of this case has passed the gate.", "training.retries", "close the case: a person decides on it.")
    finished = sum(training.result is not None for training in trainings)
    if finished > rules.retries:
        raise Refusal(
            f"{counted(finished, 'training')} used.", "training.retries", f"1 + {rules.retries} a case; close it without a challenger."
        )
    if last_elsewhere is not None:
        ready = last_elsewhere + timedelta(hours=rules.cooldown_hours)
        if now < ready:
            raise Refusal(
                f"Another case trained at {last_elsewhere:%Y-%m-%d %H:%M} UTC.",
                "training.cooldown_hours",
                f"the next training from {ready:%Y-%m-%d %H:%M} UTC on; use action monitor or collect_labels until then.",
            )


def _check_cause(case: Case, drift: DriftSummary, policy: Policy) -> None:
    """Does what happened ask for another model? A person's word on this case counts first, then the diagnosis, and where there is none the
    band. A share of drifted features says little: faults move few columns, harmless shifts many."""
    found = concluded(case)
    if found is None:
        if drift.band == "monitor":
            raise Refusal(
                f"The drift share is {drift.share:.4f}.",
                "bands.monitor_below",
                f"training from {policy.bands.monitor_below:g} upwards; use action monitor.",
            )
        return
    asks = found.action in {"retrain", "recalibrate"} or (found.cause == "unsure" and drift.band == "retrain")
    faulty = found.cause in {"data_fault", "label_fault"} or (found.fault_probability or 0.0) >= policy.diagnosis.training_refused_from
    if faulty or not asks:
        raise Refusal(
            f"The diagnosis is {cause_name(found.cause)} (confidence {found.confidence:.2f}) and asks for: {action_name(found.action)}.",
            "diagnosis",
            f"close the case with action {found.action}; only a person overrules it, with `churnops case override {case.case_id}`.",
            instead=found.action,
        )


def check_mode(mode: Mode, estimator: str | None, hyperparameters: Mapping[str, float]) -> None:
    """To recalibrate keeps the champion's model: there is nothing to choose."""
    chosen = [*(() if estimator is None else ("estimator",)), *hyperparameters]
    if mode == "recalibrate" and chosen:
        raise Refusal("Mode recalibrate keeps the champion's model.", "hyperparameters", f"leave out {', '.join(chosen)}.")


def check_hyperparameters(estimator: str, hyperparameters: Mapping[str, float], policy: Policy) -> None:
    """Hyperparameters belong to the estimator, lie within the policy's ranges, and are whole numbers where it asks for them; it can be fitted here.

    Raises:
        Refusal: one of the first two does not hold.
        TrainingError: one of the last two does not hold.
    """
    bounds = policy.hyperparameters[estimator]
    for name, value in hyperparameters.items():
        if name not in bounds:
            raise Refusal(f"{estimator} takes no {name}.", f"hyperparameters.{estimator}", f"it takes {', '.join(bounds)}.")
        low, high = bounds[name]
        if not low <= value <= high:
            raise Refusal(f"{name} = {str(value)[:20]} is out of range.", f"hyperparameters.{estimator}.{name}", f"{low:g} to {high:g}.")
    hyperparameters_of(estimator, hyperparameters)
    require_packages(estimator)


def check_action(case: Case, action: Action, mode: str | None) -> None:
    """The action a case is closed with agrees with what the case holds. `mode` is how its challenger was trained."""
    trains = action in {"retrain", "recalibrate"}
    if trains and case.challenger is None:
        raise Refusal(
            f"Action {action} needs a challenger, and no candidate of this case passed the gate.",
            "gate",
            "monitor, fix_data, collect_labels, wait_for_outcomes or rollback; or run_training while retries are left.",
        )
    fitting = "recalibrate" if mode == "recalibrate" else "retrain"
    if case.challenger is not None and action != fitting:
        raise Refusal(
            f"Challenger version {case.challenger.version} waits in this case.",
            "gate",
            f"close it with action {fitting}: a person decides on it.",
            instead=fitting,
        )
