"""What a conversation holds when a question is to be answered: the newest tool results, and what was called since it was asked."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.conversation.messages import Asked, Briefing, Conversation, Message, OperatorTurn, ToolCall, ToolReturn
from agent.conversation.tool_results import read
from pipeline.record.failure import Failure
from pipeline.workspace.policy import Policy
from tools.evidence_pack import Evidence, EvidencePack
from tools.results import ComparedModels, DiagnosisResult, DriftResult, FeatureResult, MetricsResult, ReportReply, TrainingReply

OWN = "answer-"  # what the ids of the rulebook's own calls begin with
_OPENS = "get_drift_summary"
_LOOKS = ("diagnose", "get_current_model_metrics", "inspect_feature", "compare_models")
_MOST_OPENED = 2  # cases for one question: a window that changes under every look is not to be chased


@dataclass
class Facts:
    """Tool results of the case at hand, the newest of each kind. `asked`: the question; `earlier`: the one before it. `since`: what the tools
    answered since it was asked, by tool; `opened`: how often a case was opened since. `training_refused`: what the tools' guard said to the last
    training asked for, where it refused. `last_call`: the highest number in the ids of its own calls."""

    policy: Policy
    now: datetime
    asked: str = ""
    earlier: str = ""
    drift: DriftResult | None = None
    metrics: MetricsResult | None = None
    diagnosis: DiagnosisResult | None = None
    views: dict[tuple[str, str | None], FeatureResult] = field(default_factory=dict)
    compared: ComparedModels | None = None
    trainings: list[TrainingReply] = field(default_factory=list)
    report: ReportReply | None = None
    training_refused: str | None = None
    since: dict[str, ToolReturn] = field(default_factory=dict)
    opened: int = 0
    last_call: int = 0

    @property
    def found(self) -> EvidencePack | None:
        """What happened, where it was found out."""
        return None if self.diagnosis is None else self.diagnosis.diagnosis

    @property
    def case_id(self) -> str | None:
        """The case at hand."""
        return None if self.drift is None else self.drift.case_id

    def refused(self, tool: str) -> str | None:
        """What `tool` said when it gave no result to this question."""
        answer = self.since.get(tool)
        return answer.failure.said if answer is not None and answer.failure else None

    def finding(self, *names: str) -> Evidence | None:
        """The first notable finding of these names."""
        return next((one for one in self.findings if one.name in names), None)

    @property
    def findings(self) -> tuple[Evidence, ...]:
        """The notable findings, the most telling first."""
        return () if self.found is None else self.found.findings


def facts_of(conversation: Conversation, policy: Policy, now: datetime) -> Facts:
    """What `conversation` holds for its last question."""
    facts, calls = Facts(policy, now), dict[str, ToolCall]()
    for message in conversation:
        if isinstance(message, OperatorTurn):
            calls.update({call.id: call for call in message.calls})
            own = (int(call.id.removeprefix(OWN)) for call in message.calls if call.id.startswith(OWN))
            facts.last_call = max(facts.last_call, *own, 0)
        _note(facts, message, calls)
    return facts


def _note(facts: Facts, message: Message, calls: dict[str, ToolCall]) -> None:
    if isinstance(message, Asked):
        facts.earlier, facts.asked, facts.since, facts.opened = facts.asked, message.text, {}, 0
    elif isinstance(message, Briefing):
        _forget(facts)
        facts.drift, facts.metrics, facts.diagnosis = message.drift, message.metrics, message.diagnosis
    elif isinstance(message, ToolReturn):
        facts.since[message.name] = message
        facts.opened += message.name == _OPENS
        if (failure := message.failure) is not None:
            _failed(facts, message.name, failure)
        else:
            _result(facts, message, calls.get(message.call_id))


def _failed(facts: Facts, tool: str, failure: Failure) -> None:
    if tool == "run_training" and failure.kind not in {"declined", "not_made"}:
        facts.training_refused = failure.said
    if failure.case_is_over and tool in _LOOKS and facts.opened < _MOST_OPENED:
        _forget(facts)
        for tool in (_OPENS, *_LOOKS):
            facts.since.pop(tool, None)


def _result(facts: Facts, message: ToolReturn, call: ToolCall | None) -> None:
    result = read(message.name, message.structured)
    if isinstance(result, DriftResult):
        if facts.case_id not in {None, result.case_id}:
            _forget(facts)
        facts.drift = result
    elif isinstance(result, MetricsResult):
        facts.metrics = result
    elif isinstance(result, DiagnosisResult):
        facts.diagnosis = result
    elif isinstance(result, FeatureResult):
        by = None if call is None else call.arguments.get("by")
        facts.views[result.view.feature, by] = result
    elif isinstance(result, ComparedModels):
        facts.compared = result
    elif isinstance(result, TrainingReply):
        facts.trainings.append(result)
        facts.compared = facts.training_refused = None
    elif isinstance(result, ReportReply):
        facts.report = result


def _forget(facts: Facts) -> None:
    facts.drift = facts.metrics = facts.diagnosis = facts.compared = facts.report = facts.training_refused = None
    facts.views, facts.trainings = {}, []
