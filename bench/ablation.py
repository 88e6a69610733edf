"""What each family of findings is worth: the questions of `churnops bench`, answered by the diagnosis whole and with one family left out.

    python bench/ablation.py --seeds 101-104                generated customers
    python bench/ablation.py --data FILE --target COLUMN    any table

Every world is made once and shown to all of them, so the lines differ by the family alone. Results: bench/results/ablation.json and the
table of docs/benchmark-details.md. Seeds that are done stay done when it is interrupted.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from document import put_into_document  # noqa: E402

from agent.bench_operators import Diagnosing  # noqa: E402
from pipeline.benchmark.customers import Table  # noqa: E402
from pipeline.benchmark.grading import Scorecard, score  # noqa: E402
from pipeline.benchmark.instance import Answer, Answered, questions  # noqa: E402
from pipeline.benchmark.questioning import Questioning, Setup, champion_of, train_champion  # noqa: E402
from pipeline.benchmark.world import Exhibit  # noqa: E402
from pipeline.diagnosis.finding import Family  # noqa: E402
from pipeline.workspace.policy import Policy, load_policy  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.scenarios import KINDS  # noqa: E402
from prompts import policy_text  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "ablation.json"
WHOLE = "all of them"
FAMILIES: tuple[Family, ...] = tuple(
    family for family in get_args(Family) if family != "events"
)  # nobody wrote an event down in these worlds


class Ablation:
    """The operator on trial: answers whole, and keeps what each curtailed diagnosis says of the same exhibit."""

    def __init__(self, policy: Policy, value: ValueSettings) -> None:
        self._whole = Diagnosing(policy, value)
        self._curtailed = {family: Diagnosing(policy, value, (family,)) for family in FAMILIES}
        self.answers: dict[str, Answer] = {}

    def __call__(self, exhibit: Exhibit) -> Answer:
        self.answers = {family: diagnosing(exhibit) for family, diagnosing in self._curtailed.items()}
        return self._whole(exhibit)


def main() -> None:
    """Answer, count, and write both results."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--target", default="Churn")
    arguments.add_argument("--seeds", default="101-104")
    arguments.add_argument("--rows", type=int, default=5_000)
    chosen = arguments.parse_args()
    first, _, last = chosen.seeds.partition("-")
    policy, value = load_policy(policy_text(), {}), ValueSettings()
    table = Table(chosen.data, chosen.target, "")
    answered: list[Answered] = []
    seeds: list[int] = []
    for seed in range(int(first), int(last or first) + 1):
        try:
            answered += _answered(seed, table, chosen.rows, policy, value)
        except KeyboardInterrupt:
            break
        seeds.append(seed)
        _write(table.name, seeds, answered)
    if not answered:
        sys.exit("Nothing was answered.")
    if chosen.data is None:
        put_into_document("ablation", _table(seeds, answered), "benchmark-details.md")


def _answered(seed: int, table: Table, rows: int, policy: Policy, value: ValueSettings) -> list[Answered]:
    asked = list(questions(KINDS, ("mild", "strong"), [seed]))
    operator = Ablation(policy, value)
    results = []
    with tempfile.TemporaryDirectory() as place:
        setup = Setup(table=table, folder=Path(place), rows=rows, policy=policy, value=value, operator_name=WHOLE, operator=operator)
        named = {champion_of(question): question for question in asked}
        desk = Questioning(setup, {champion: train_champion(setup, question) for champion, question in named.items()})
        for number, question in enumerate(asked, 1):
            result = desk.answer(question)
            print(f"\rseed {seed}: {number} of {len(asked)} ", end="", file=sys.stderr, flush=True)
            if isinstance(result, Answered):
                results.append(result.model_copy(update={"answers": result.answers | operator.answers}))
            else:
                print(f"{question.kind}, {question.severity}: {result.said}", file=sys.stderr)
    return results


def _scores(answered: list[Answered]) -> dict[str, Scorecard]:
    visible = [result for result in answered if not result.truth.invisible]
    return {name: score(visible, name) for name in (WHOLE, *FAMILIES)}


def _write(table: str, seeds: list[int], answered: list[Answered]) -> None:
    scores = {name: figures.model_dump(mode="json") for name, figures in _scores(answered).items()}
    RESULTS.write_text(json.dumps({"table": table, "seeds": seeds, "scores": scores}, indent=1) + "\n", encoding="utf-8")


def _table(seeds: list[int], answered: list[Answered]) -> list[str]:
    scores = _scores(answered)
    whole = scores[WHOLE]
    lines = [
        f"Generated customers, seeds {seeds[0]}–{seeds[-1]}, {whole.n} questions.",
        "",
        "| without | cause | column | action | regret | unsafe | wasted |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in scores.items():
        shown = [
            f"{share.value:.2f}" if share.value is not None else "–" for share in (figures.diagnosis, figures.column, figures.acceptable)
        ]
        label = "nothing" if name == WHOLE else f"`{name}`"
        faults = f"{figures.unsafe.count} of {figures.unsafe.n} | {figures.wasted.count} of {figures.wasted.n}"
        lines.append(f"| {label} | {shown[0]} | {shown[1]} | {shown[2]} | {figures.regret.value or 0:.1f} | {faults} |")
    return lines


if __name__ == "__main__":
    main()
