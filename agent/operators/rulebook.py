"""The rulebook: follows the policy to the letter over the same tools, with no key, no network and no surprise.

It keeps no state of its own: what to do next is read off the conversation, so it can take over from any operator at any point.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from agent.conversation import messages
from agent.conversation.tool_results import read
from pipeline.diagnosis.diagnosis import Action
from pipeline.families import USUAL
from pipeline.record.cases import Call
from pipeline.record.failure import Failure
from pipeline.words import DRIFT_LEVELS, cause_name
from pipeline.workspace.policy import Policy
from reports.second_opinion import SecondOpinion
from tools.evidence_pack import EvidencePack
from tools.results import DiagnosisResult, DriftResult, MetricsResult, TrainingReply

_OWN = "rulebook-"
_NOT_TAUGHT = "The window's outcomes do not teach a model that is good enough: more of them are needed, or someone who knows what changed."


class Rulebook:
    """The decision framework of one policy as an operator. Every number it writes comes from a tool result."""

    name = "rulebook"

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    @property
    def about(self) -> str:
        """Which policy it follows."""
        return f"policy {self._policy.version}"

    def worst_case(self, conversation: messages.Conversation, tools: tuple[messages.ToolSpec, ...]) -> messages.Spend:
        """Nothing."""
        return messages.Spend()

    async def ask(self, conversation: messages.Conversation, tools: tuple[messages.ToolSpec, ...], emit: messages.Say) -> messages.Answer:
        """The next call the policy asks for.

        Raises:
            OperatorFailed: a tool the policy cannot do without does not answer.
        """
        turn = self._next(_Record(conversation))
        emit(turn.text)
        return messages.Answer(turn=turn)

    def opinion(self, calls: Iterable[Call]) -> SecondOpinion | None:
        """What it makes of a case on whose record `calls` are, whoever made them; None where they do not tell enough. It calls nothing."""
        record = _Record(_retold(calls))
        if record.drift is None:
            return None
        found = record.diagnosis
        try:
            turn = self._next(record)
        except messages.OperatorFailed:
            return None
        (call,) = turn.calls
        if call.name not in {"run_training", "save_remediation_report"}:
            return None
        trains = call.name == "run_training" or call.arguments["action"] in {"retrain", "recalibrate"}
        action: Action = (
            call.arguments["action"] if not trains else "recalibrate" if call.arguments.get("mode") == "recalibrate" else "retrain"
        )
        mode = call.arguments.get("mode")
        if trains and found is not None and found.action in {"retrain", "recalibrate"}:
            action, mode = found.action, found.mode  # a candidate of another kind than it asks for is no answer to it
        band = record.drift.drift.band
        if found is None:
            because = f"There is no diagnosis, and the drift level is {DRIFT_LEVELS[band]}."
        else:
            because = f"The diagnosis ({found.confidence:.0%} probable) is {cause_name(found.cause)}: {found.said}"
        return SecondOpinion(action, mode, turn.text, because)

    def _next(self, record: "_Record") -> messages.OperatorTurn:
        if refused := record.failure_of("save_remediation_report"):
            # A challenger from before this conversation is waiting: the tools then accept no other action.
            if refused.instead is not None and not record.saved_as(refused.instead):
                return record.save(refused.instead, "A challenger of this case waits for a decision.", f"The tools said: {refused.said}")
            raise messages.OperatorFailed(f"The report was not accepted: {refused.said}")
        if record.drift is None:
            if refused := record.failure_of("get_drift_summary"):
                raise messages.OperatorFailed(f"Drift could not be read: {refused.said}")
            return record.call("get_drift_summary", "First, what drifted.")
        if record.metrics is None and not record.failure_of("get_current_model_metrics"):
            return record.call("get_current_model_metrics", "Next, how the champion does.", case_id=record.drift.case_id)
        if record.diagnosis is None and not record.failure_of("diagnose"):
            return record.call("diagnose", "Then, what happened.", case_id=record.drift.case_id)
        if any(training.gate.passed for training in record.trainings):
            return self._passed(record, record.trainings[-1])
        if record.diagnosis is not None:
            return self._follow(record, record.drift, record.diagnosis)
        return self._decide(record, record.drift)

    def _passed(self, record: "_Record", training: TrainingReply) -> messages.OperatorTurn:
        action: Action = "recalibrate" if training.mode == "recalibrate" else "retrain"
        return record.save(action, "A candidate passed the gate and waits for a person's approval.", "The candidate passed every check.")

    def _follow(self, record: "_Record", drift: DriftResult, found: EvidencePack) -> messages.OperatorTurn:
        """What the diagnosis asks for; a share of drifted features has no say where the cause is known."""
        if found.action in {"monitor", "fix_data", "collect_labels"}:
            return record.save(found.action, found.said, f"The diagnosis asks for {found.action}.")
        arguments = {"case_id": drift.case_id, "mode": found.mode}
        trials = [{}] if found.mode == "recalibrate" else self._hyperparameters(drift)
        return self._train(record, f"The diagnosis asks for it: {found.mode} training.", arguments, trials) or record.save(
            "collect_labels", "No candidate passed the gate; the champion stays, and people must look.", _NOT_TAUGHT
        )

    def _decide(self, record: "_Record", drift: DriftResult) -> messages.OperatorTurn:
        """What the bands ask for, where there is no diagnosis."""
        band, rules = drift.drift.band, self._policy.training
        if band == "not_enough_data":
            return record.save("monitor", "The window is too small for a verdict on drift.", "Fewer rows than `drift.min_rows` asks for.")
        if band == "monitor":
            return record.save("monitor", "Drift is usual variation; the champion stays.", "The share is below `bands.monitor_below`.")
        smaller_class = min(drift.labelled_churners, drift.labelled_rows - drift.labelled_churners)
        if drift.labelled_rows < rules.min_labelled_rows or smaller_class < rules.min_labelled_churners:
            return record.save(
                "collect_labels",
                "There is drift, and too few known outcomes to train and test a new model.",
                "Below `training.min_labelled_rows` or `training.min_labelled_churners`, so no training was tried.",
            )
        arguments = {"case_id": drift.case_id}
        if turn := self._train(record, f"Band {band}: training a candidate.", arguments, self._hyperparameters(drift)):
            return turn
        if band == "evaluate":
            return record.save(
                "monitor",
                "No candidate was shown to be better; the champion stays.",
                "At a medium drift level a candidate is kept only if it is better, and the policy allows no further training.",
            )
        return record.save(
            "collect_labels",
            "No candidate passed the gate; the champion stays, and people must look at this drift.",
            _NOT_TAUGHT,
        )

    def _train(
        self, record: "_Record", said: str, arguments: dict[str, Any], trials: Iterable[dict[str, int]]
    ) -> messages.OperatorTurn | None:
        """The next of the trainings to try, or the end where the tools refuse it; None where all that the policy allows were tried."""
        if refused := record.failure_of("run_training"):
            return record.save(
                "monitor", "Training was refused; the champion stays and people must look.", f"The tools said: {refused.said}"
            )
        values = next((values for values in trials if values not in record.tried), None)
        if values is None or len(record.trainings) > self._policy.training.retries:
            return None
        chosen = {"estimator": USUAL, **values} if values else {}
        return record.call("run_training", "The gate failed; other values." if record.trainings else said, **arguments, **chosen)

    def _hyperparameters(self, drift: DriftResult) -> Iterator[dict[str, int]]:
        """What to try, in order: the policy's start for the kinds that drifted, then the ends and the middle of the ranges."""
        numerical, categorical = drift.drift.drifted_numerical > 0, drift.drift.drifted_categorical > 0
        both = numerical == categorical
        start = self._policy.start.both if both else self._policy.start.numerical if numerical else self._policy.start.categorical
        bounds = {name: self._policy.hyperparameters[USUAL][name] for name in start}
        for values in (
            start,
            {name: high for name, (_, high) in bounds.items()},
            {name: low for name, (low, _) in bounds.items()},
            {name: (low + high) / 2 for name, (low, high) in bounds.items()},
        ):
            yield {name: round(value) for name, value in values.items()}


def _retold(calls: Iterable[Call]) -> messages.Conversation:
    """A case's calls as if the rulebook had made them, but for reports and for arguments it would not have chosen."""
    told: list[messages.Message] = []
    for call in calls:
        failure = call.failure
        if call.tool == "save_remediation_report" or (failure and (failure.rule or "").startswith("hyperparameters")):
            continue
        made = messages.ToolCall(id=f"{_OWN}{call.number}", name=call.tool, arguments=call.arguments)
        told.append(messages.OperatorTurn(text="", calls=(made,)))
        if failure is not None:
            told.append(messages.ToolReturn.failed(made, failure))
        else:
            told.append(messages.ToolReturn(call_id=made.id, name=call.tool, is_error=False, text="", structured=call.result))
    return tuple(told)


class _Record:
    """What a conversation holds so far, as the rulebook reads it, and the turns it can add."""

    def __init__(self, conversation: messages.Conversation) -> None:
        self.drift: DriftResult | None = None
        self.metrics: MetricsResult | None = None
        self.diagnosis: EvidencePack | None = None
        self.trainings: list[TrainingReply] = []
        self.tried: list[dict[str, object]] = []
        self._own: dict[str, tuple[messages.ToolCall, messages.ToolReturn]] = {}
        self._size = len(conversation)
        calls: dict[str, messages.ToolCall] = {}
        for message in conversation:
            if isinstance(message, messages.OperatorTurn):
                calls.update({call.id: call for call in message.calls})
            self._note(message, calls)

    def _note(self, message: messages.Message, calls: dict[str, messages.ToolCall]) -> None:
        if isinstance(message, messages.Briefing):
            self.drift, self.metrics = message.drift, message.metrics
            self.diagnosis = None if message.diagnosis is None else message.diagnosis.diagnosis
            for done in message.earlier:
                if isinstance(result := read(done.name, done.structured), TrainingReply):
                    self._trained(result, done.arguments)
        if not isinstance(message, messages.ToolReturn):
            return
        call = calls[message.call_id]
        if call.id.startswith(_OWN):
            self._own[call.name] = (call, message)
        result = None if message.is_error else read(message.name, message.structured)
        if isinstance(result, DriftResult):
            self.drift = result
        elif isinstance(result, MetricsResult):
            self.metrics = result
        elif isinstance(result, DiagnosisResult):
            self.diagnosis = result.diagnosis
        elif isinstance(result, TrainingReply):
            self._trained(result, call.arguments)

    def _trained(self, result: TrainingReply, arguments: dict[str, Any]) -> None:
        self.trainings.append(result)
        self.tried.append({name: value for name, value in arguments.items() if name not in {"case_id", "estimator", "mode"}})

    def failure_of(self, tool: str) -> Failure | None:
        """Why `tool` gave no result when the rulebook itself last called it. Another operator's calls do not count."""
        _, answer = self._own.get(tool, (None, None))
        return answer.failure if answer else None

    def saved_as(self, action: Action) -> bool:
        """Whether the rulebook's last report, accepted or not, was to be closed with `action`."""
        call, _ = self._own.get("save_remediation_report", (None, None))
        return call is not None and call.arguments["action"] == action

    def call(self, tool: str, said: str, **arguments: object) -> messages.OperatorTurn:
        """A turn that calls `tool`."""
        return messages.OperatorTurn(text=said, calls=(messages.ToolCall(id=f"{_OWN}{self._size}", name=tool, arguments=arguments),))

    def save(self, action: Action, summary: str, why: str) -> messages.OperatorTurn:
        """A turn that closes the case; `why` is put behind the evidence."""
        assert self.drift is not None  # nothing is decided before drift is read
        reasoning = "\n".join(f"- {fact}" for fact in (*self._facts(self.drift), why))
        return self.call(
            "save_remediation_report", summary, case_id=self.drift.case_id, action=action, summary=summary, reasoning=reasoning
        )

    def _facts(self, result: DriftResult) -> Iterator[str]:
        drift = result.drift
        if drift.share is None:
            yield f"The window has {drift.current_rows} rows; the share of drifted features is unavailable."
        else:
            yield (
                f"{drift.drifted} of {drift.features_total} features drifted, a share of {drift.share:.3f}: {drift.drifted_numerical} "
                f"numerical and {drift.drifted_categorical} categorical; the drift level is {DRIFT_LEVELS[drift.band]}."
            )
        if (found := self.diagnosis) is not None:
            where = f" in `{found.column}`" if found.column else ""
            yield f"Cause: {cause_name(found.cause)}{where}, confidence {found.confidence:.2f}. {found.said}"
            if found.runner_up is not None:
                yield f"Next likely: {cause_name(found.runner_up.cause)}. What would settle it: {found.runner_up.tell_apart}"
            yield from (f"Not to be seen here: {spot}" for spot in found.blind_spots)
        yield f"{result.labelled_rows} labelled rows are known, {result.labelled_churners} of them churned."
        if self.metrics is not None:
            yield f"The champion's ROC-AUC was {self.metrics.gate.roc_auc.value:.4f} on its test set."
            if self.metrics.window is None:
                yield "Its ROC-AUC on the window is unavailable: too few outcomes are known."
            else:
                yield f"Its ROC-AUC is {self.metrics.window.roc_auc.value:.4f} on the labelled rows."
        for training in self.trainings:
            yield f"A {training.estimator} candidate {'passed' if training.gate.passed else 'failed'} the gate."
            yield from (f"`{check.rule}`: {check.said}" for check in training.gate.checks)
