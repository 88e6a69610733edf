"""A language model on worlds with a known truth, beside the rulebook on the same: what a model adds, and what it costs.

    python bench/live_model.py --base-url http://localhost:11434 --model qwen3:32b --prices 0,0    a model of your own
    python bench/live_model.py --model claude-sonnet-5-5                                           the provider's, with ANTHROPIC_API_KEY
    python bench/live_model.py --scripted                                                          a loopback endpoint that follows the diagnosis

Whoever answers at the endpoint, a model or a person, works on whole cases through the same tools, within the same bounds. Each world is made once
and shown to both. A world whose case came to no decision counts as the champion left alone, and is listed. Kinds default to those on which the
rules are known to be weak. Nothing is written but what is printed.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the loopback server is a part of the tests

from agent.bench_operators import FullCase  # noqa: E402
from agent.case.briefing import system_prompt  # noqa: E402
from agent.case.triage import Outcome  # noqa: E402
from agent.operators.claude import Claude  # noqa: E402
from pipeline.benchmark.customers import Table  # noqa: E402
from pipeline.benchmark.grading import score  # noqa: E402
from pipeline.benchmark.instance import Answer, Answered, Question, questions  # noqa: E402
from pipeline.benchmark.questioning import Questioning, Setup, champion_of, train_champion  # noqa: E402
from pipeline.benchmark.world import Exhibit  # noqa: E402
from pipeline.errors import ChurnopsError  # noqa: E402
from pipeline.record.opened_workspace import Opened  # noqa: E402
from pipeline.workspace.operator_settings import OperatorSettings  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.scenarios import ALL_KINDS, WEAK_KINDS  # noqa: E402
from prompts import policy_text  # noqa: E402
from tests.messages_server import MessagesServer, Reply, Tool  # noqa: E402

MODEL, RULEBOOK = "model", "rulebook"
_WORDS = {"summary": "As the diagnosis says.", "reasoning": "The diagnosis asks for it."}


@dataclass(frozen=True)
class Case:
    """One case as it was closed, and how long it took."""

    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Watched(FullCase):
    """Whole cases, each kept. With `settings` the model they name operates, else the rulebook."""

    settings: OperatorSettings | None = None
    cases: list[Case] = field(default_factory=list)

    def _triage(self, exhibit: Exhibit, root: Path) -> Outcome:
        begun = time.monotonic()
        outcome = super()._triage(exhibit, root)
        self.cases.append(Case(outcome, time.monotonic() - begun))
        return outcome

    def _operator(self, opened: Opened) -> Any:
        if self.settings is None:
            return super()._operator(opened)
        return Claude(self.settings, system_prompt(opened.policy))


@dataclass
class Beside:
    """The model on trial; what the rulebook says of the same exhibit is kept."""

    model: Watched
    rulebook: Watched
    answers: dict[str, Answer] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)

    def __call__(self, exhibit: Exhibit) -> Answer:
        self.answers = {RULEBOOK: self.rulebook(exhibit)}
        try:
            return self.model(exhibit)
        except ChurnopsError as error:
            self.undecided.append(str(error))
            return Answer(cause="unsure", action="monitor")


def scripted(requests: Sequence[dict[str, Any]]) -> Iterator[Reply]:
    """What an operator says that looks once with each new tool and then follows the diagnosis, case after case."""
    while True:
        told = json.dumps(requests[-1]["messages"][0], ensure_ascii=False).replace('\\"', '"')
        case = {"case_id": re.findall(r"Case (\S+) is open", told)[0]}
        found = json.loads(re.findall(r"<diagnose>\\n(.*?)\\n</diagnose>", told)[0])["diagnosis"]
        looks = [
            Tool("inspect_outcomes", case, id="toolu_a"),
            Tool("inspect_pair", {**case, "first": "tenure", "second": "TotalCharges"}, id="toolu_b"),
        ]
        if column := found.get("column"):
            looks.append(Tool("preview_repair", {**case, "fault": "default", "column": column}, id="toolu_c"))
        yield Reply(["I look closer. ", *looks])
        action = found["action"]
        if action in {"retrain", "recalibrate"}:
            yield Reply([Tool("run_training", {**case, "mode": found["mode"]}, id="toolu_d")])
            passed = '"passed":true' in json.dumps(requests[-1]["messages"][-1]).replace('\\"', '"').split('"checks"')[0]
            action = action if passed else "collect_labels"
        stated = [{"cause": found["cause"], "checked": f"{found['confidence']:.0%} by the diagnosis."}]
        yield Reply([Tool("save_remediation_report", {**case, "action": action, **_WORDS, "hypotheses": stated}, id="toolu_e")])


def answers(asked: Sequence[Question], beside: Beside, table: Table, folder: Path, rows: int) -> list[Answered]:
    """Both answers to each question; what cannot be asked of the table is said and left out."""
    setup = Setup(
        table=table,
        folder=folder,
        rows=rows,
        policy=load_policy(policy_text(), {}),
        value=ValueSettings(),
        operator_name=MODEL,
        operator=beside,
    )
    named = {champion_of(question): question for question in asked}
    desk = Questioning(setup, {champion: train_champion(setup, question) for champion, question in named.items()})
    found = []
    for question in asked:
        result = desk.answer(question)
        if isinstance(result, Answered):
            found.append(result.model_copy(update={"answers": {**result.answers, **beside.answers}}))
            made = result.answers[MODEL]
            print(f"{question.kind}, {question.severity}: {made.action} ({result.truth.cause})", file=sys.stderr)
        else:
            print(f"{question.kind}, {question.severity}: not asked. {result.said}", file=sys.stderr)
    return found


def figures(answered: Sequence[Answered], beside: Beside) -> str:
    """The table, a line each."""
    lines = [
        f"{'':10}{'worlds':>7}{'cause':>7}{'action':>8}{'regret':>8}{'unsafe':>8}{'marks':>7}{'turns':>7}{'tokens':>9}{'USD':>8}{'s':>7}"
    ]
    for name, watched in ((MODEL, beside.model), (RULEBOOK, beside.rulebook)):
        card, done = score(answered, name), [case.outcome for case in watched.cases]
        shares = "".join(f"{share.count:>{width}}" for share, width in ((card.diagnosis, 7), (card.acceptable, 8)))
        many = max(1, len(done))
        tokens = sum(one.tokens.input + one.tokens.output for one in done)
        lines.append(
            f"{name:10}{card.n:>7}{shares}{card.regret.value or 0:>8.1f}{card.unsafe.count:>8}{sum(len(one.unsourced) for one in done):>7}"
            f"{sum(one.turns for one in done) / many:>7.1f}{tokens / many:>9,.0f}{sum(one.cost_usd for one in done) / many:>8.3f}"
            f"{sum(case.seconds for case in watched.cases) / many:>7.1f}"
        )
    ended = [f"No decision: {said}" for said in beside.undecided]
    return "\n".join(
        [*lines, "cause, action, unsafe, marks: counts; regret: mean points; turns, tokens, USD, seconds: mean of a case.", *ended]
    )


def main() -> None:
    """Answer, count, and print both."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default=OperatorSettings().model)
    arguments.add_argument("--base-url", default="", help="of a Messages-compatible endpoint; empty: the provider's")
    arguments.add_argument("--prices", default="", help="USD per million input and output tokens, like 3,15")
    arguments.add_argument("--effort", default="medium")
    arguments.add_argument("--kinds", default=",".join(WEAK_KINDS), help=f"of {', '.join(ALL_KINDS)}")
    arguments.add_argument("--severities", default="strong")
    arguments.add_argument("--seed", type=int, default=101)
    arguments.add_argument("--worlds", type=int, default=None, help="at most so many")
    arguments.add_argument("--rows", type=int, default=3_000)
    arguments.add_argument("--scripted", action="store_true")
    chosen = arguments.parse_args()
    os.environ.setdefault("ANTHROPIC_API_KEY", "local")
    prices = tuple(float(part) for part in chosen.prices.split(",")) if chosen.prices else None
    requests: list[dict[str, Any]] = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = chosen.base_url
        if chosen.scripted:
            server = stack.enter_context(MessagesServer(scripted(requests)))
            server.requests = requests
            address = server.url
        settings = OperatorSettings.model_validate({"model": chosen.model, "base_url": address, "effort": chosen.effort, "prices": prices})
        beside = Beside(Watched("claude", policy_text(), place, settings), Watched("rulebook", policy_text(), place))
        asked = list(questions(chosen.kinds.split(","), chosen.severities.split(","), [chosen.seed]))[: chosen.worlds]
        answered = answers(asked, beside, Table(None, "Churn", ""), place, chosen.rows)
    print(figures(answered, beside))


if __name__ == "__main__":
    main()
