"""Every kind of change on every table: how often the cause is right, the action acceptable, what a wrong one costs.

    python bench/kinds.py --cache FOLDER                                        generated customers, seed 101, all kinds
    python bench/kinds.py --cache FOLDER --tables generated,telco --seeds 101-104 --jobs 2
    python bench/kinds.py --cache FOLDER --reuse-truth                          where the diagnosis changed, and nothing that decides a truth
    python bench/kinds.py --cache FOLDER --reuse-findings                       where nothing changed but what is concluded from findings
    python bench/kinds.py --cache FOLDER --json lines.jsonl                     also one line per question, to fit weights on

A world takes seconds; what is concluded from its findings, next to nothing. So the truth about each world and the findings of its diagnosis are
kept in FOLDER, one JSON file per question, with digests of the code that made them, and made anew when that changed. With
`--reuse-truth` a truth stands as long as its world is the same to the byte, and so is the code that carries remedies out.
A line holds: table, rows, group, question, truth (cause, columns, worth per remedy, acceptable, unsafe, invisible), setting, findings, answer.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from kind_questions import Code, Kept, Reuse, kept_for  # noqa: E402
from kind_tables import TABLES, table_named  # noqa: E402

from agent.bench_operators import Diagnosing  # noqa: E402
from pipeline.benchmark.customers import Table  # noqa: E402
from pipeline.benchmark.grading import Scorecard, score  # noqa: E402
from pipeline.benchmark.instance import Answer, Answered, Question, questions  # noqa: E402
from pipeline.benchmark.questioning import Setup  # noqa: E402
from pipeline.diagnosis.conclusion import conclude  # noqa: E402
from pipeline.diagnosis.diagnosis import Diagnosis  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.scenarios import ALL_KINDS, KINDS, NATURAL_KINDS, PLANTED_KINDS, SEVERITIES, number_of  # noqa: E402
from prompts import policy_text  # noqa: E402

POLICY, VALUE = load_policy(policy_text(), {}), ValueSettings()
GROUPS = {"known": KINDS, "planted": PLANTED_KINDS, "natural": NATURAL_KINDS}
OPERATOR = "diagnosis"
WORST = 10


def main() -> None:
    """Make or read, conclude, print."""
    chosen = _arguments()
    kept = sorted(_kept(chosen), key=lambda one: (one.table, one.question.seed, number_of(one.question.kind), one.question.severity))
    asked = [one for one in kept if one.skipped is None]
    diagnoses = [_concluded(one) for one in asked]
    answered = [_answered(one, found) for one, found in zip(asked, diagnoses, strict=True)]
    if chosen.json is not None:
        lines = (json.dumps(_line(one, answer)) for one, answer in zip(asked, answered, strict=True))
        chosen.json.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if not answered:
        sys.exit("Nothing was answered.")
    print("\n".join(_figures(asked, answered)))
    print("\n".join(_worst(asked, answered, diagnoses)))
    skipped = Counter(f"{one.question.kind} on {one.table}" for one in kept if one.skipped is not None)
    if skipped:
        print(f"\nNot expressible: {', '.join(skipped)}.")


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--tables", type=_among(TABLES), default=["generated"], help=f"of {', '.join(TABLES)}")
    arguments.add_argument(
        "--kinds", type=_among((*ALL_KINDS, *GROUPS)), default=list(ALL_KINDS), help=f"kinds, or groups: {', '.join(GROUPS)}"
    )
    arguments.add_argument("--severities", type=_among(SEVERITIES), default=list(SEVERITIES))
    arguments.add_argument("--seeds", default="101", help="a seed, or the first and last of several: 101-104")
    arguments.add_argument("--rows", type=int, default=2_500)
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--reuse-truth", action="store_true")
    arguments.add_argument("--reuse-findings", action="store_true")
    arguments.add_argument("--json", type=Path)
    return arguments.parse_args()


def _among(known: Sequence[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of: {', '.join(known)}")
        return found

    return names


def _kept(chosen: argparse.Namespace) -> Iterator[Kept]:
    first, _, last = chosen.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    kinds = [kind for kind in ALL_KINDS if kind in {one for name in chosen.kinds for one in GROUPS.get(name, (name,))}]
    code, reuse = Code.now(policy_text()), Reuse(chosen.reuse_truth or chosen.reuse_findings, chosen.reuse_findings)
    setup = Setup(Table(), chosen.cache, chosen.rows, POLICY, VALUE, OPERATOR, Diagnosing(POLICY, VALUE))
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        waiting = []
        for name in chosen.tables:
            table = table_named(name, chosen.cache / "tables")
            if table is None:
                print(f"{name}: its file is not here; left out.", file=sys.stderr)
                continue
            for seed in seeds:
                asked = list(questions(kinds, chosen.severities, [seed]))
                waiting.append(pool.submit(kept_for, name, table, asked, setup, code, chosen.cache, reuse))
        for done in as_completed(waiting):
            yield from done.result()


def _concluded(kept: Kept) -> Diagnosis:
    assert kept.setting is not None
    return conclude(kept.findings, kept.setting, POLICY)


def _answered(kept: Kept, found: Diagnosis) -> Answered:
    assert kept.truth is not None
    answer = Answer.of(found)
    return Answered(question=kept.question, truth=kept.truth, answers={OPERATOR: answer})


def _line(kept: Kept, answered: Answered) -> dict[str, object]:
    told = kept.model_dump(mode="json", include={"table", "rows", "question", "truth", "setting", "findings"})
    return {**told, "group": _group(kept.question), "answer": answered.answers[OPERATOR].model_dump(mode="json")}


def _group(question: Question) -> str:
    return next(name for name, kinds in GROUPS.items() if question.kind in kinds)


def _figures(kept: Sequence[Kept], answered: Sequence[Answered]) -> list[str]:
    """A table with a line per kind, group and table; questions that nothing shown could answer stand in a line of their own."""
    visible = [(one, answer) for one, answer in zip(kept, answered, strict=True) if not answer.truth.invisible]
    lines = ["| | questions | cause | action | regret | unsafe |", "|---|---|---|---|---|---|"]
    for kind in ALL_KINDS:
        lines += _row(kind, [answer for _, answer in visible if answer.question.kind == kind])
    for group in GROUPS:
        lines += _row(f"**{group}**", [answer for _, answer in visible if _group(answer.question) == group])
    for table in TABLES:
        lines += _row(f"**{table}**", [answer for one, answer in visible if one.table == table])
    lines += _row("**all**", [answer for _, answer in visible])
    lines += _row("nothing shown could tell", [answer for answer in answered if answer.truth.invisible])
    seconds = [(one.truth_seconds, one.findings_seconds) for one in kept]
    truth, findings = (sum(part) / len(seconds) for part in zip(*seconds, strict=True))
    return [*lines, f"\nCPU seconds per question: truth {truth:.1f}, findings {findings:.1f}."]


def _row(label: str, results: Sequence[Answered]) -> list[str]:
    if not results:
        return []
    found: Scorecard = score(results, OPERATOR)
    regret = found.regret.value or 0.0
    unsafe = f"{found.unsafe.count} of {found.unsafe.n}"
    return [f"| {label} | {found.n} | {found.diagnosis.value:.2f} | {found.acceptable.value:.2f} | {regret:.1f} | {unsafe} |"]


def _worst(kept: Sequence[Kept], answered: Sequence[Answered], diagnoses: Sequence[Diagnosis]) -> list[str]:
    """The largest single regrets, with what was said."""
    lost = [(one.truth.regret(one.answers[OPERATOR].remedy), place) for place, one in enumerate(answered)]
    lines = ["\nThe largest single regrets:"]
    for regret, place in sorted(lost, key=lambda one: -one[0])[:WORST]:
        if regret == 0:
            break
        question, truth, found = answered[place].question, answered[place].truth, diagnoses[place]
        asked = f"{question.kind}, {question.severity}, seed {question.seed}, {question.family}, outcomes {question.labels}"
        hidden = ", nothing shown could tell" if truth.invisible else ""
        lines += [
            f"- {regret:.1f}: {asked}, {kept[place].table}{hidden}",
            f"    truth: {truth.cause}{f' and {truth.also}' if truth.also else ''} ({', '.join(truth.columns) or 'no column'}), acceptable: {', '.join(truth.acceptable)}",
            f"    said: {found.cause} ({found.column or 'no column'}), {answered[place].answers[OPERATOR].remedy}, {found.rule}: {found.said}",
        ]
    return lines


if __name__ == "__main__":
    main()
