"""How many outcomes it takes until a diagnosis is right, chosen by `churnops outcomes ask` against drawn at random.

    python bench/outcomes_asked.py                  sixty worlds: six champions, ten worlds each
    python bench/outcomes_asked.py --seeds 11-12    twenty of them; those that are done stay done

In every world no column moved and no outcome is known: behaviour changed, mildly or strongly, or the churn level did, or nothing at all. Lists are asked
for one after another, all are answered, and each list is chosen by the answers to those before. The right action is the one that brings most on a
future that nobody saw, as `churnops bench` judges it with all outcomes known. Seeds below ten were looked at while the method was made, and are
not reported. Results: bench/results/outcomes_asked.json, the tables of docs/outcomes-asked.md and docs/images/outcomes-asked.svg.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from document import put_into_document  # noqa: E402

from pipeline.benchmark.customers import Table  # noqa: E402
from pipeline.benchmark.instance import Answer, Question  # noqa: E402
from pipeline.benchmark.questioning import Setup, train_champion  # noqa: E402
from pipeline.benchmark.truth import find_truth  # noqa: E402
from pipeline.benchmark.world import make_world  # noqa: E402
from pipeline.diagnosis.asking.choice import choose  # noqa: E402
from pipeline.diagnosis.asking.settled import settles  # noqa: E402
from pipeline.diagnosis.conclusion import conclude  # noqa: E402
from pipeline.diagnosis.diagnose import examine  # noqa: E402
from pipeline.diagnosis.diagnosis import Diagnosis  # noqa: E402
from pipeline.diagnosis.finding import Family, Finding  # noqa: E402
from pipeline.diagnosis.observed import Observed, observe  # noqa: E402
from pipeline.diagnosis.outcomes.expected_outcomes import one_row_each  # noqa: E402
from pipeline.diagnosis.setting import Setting  # noqa: E402
from pipeline.models.artifact import Artifact, open_artifact  # noqa: E402
from pipeline.windows.baseline import baseline_of  # noqa: E402
from pipeline.workspace.folder import Workspace  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.change import Severity  # noqa: E402
from prompts import policy_text  # noqa: E402

RESULTS, CHART = ROOT / "bench" / "results" / "outcomes_asked.json", ROOT / "docs" / "images" / "outcomes-asked.svg"
POLICY = load_policy(policy_text(), {})
VALUE = ValueSettings(margin=600, offer_cost=40, acceptance=0.35)
ROWS, FAMILY = 4_000, "logistic_regression"
KINDS: tuple[tuple[str, Severity], ...] = (
    ("segment_concept", "mild"),
    ("segment_concept", "strong"),
    ("drivers_reverse", "mild"),
    ("drivers_reverse", "strong"),
    ("driver_fades", "mild"),
    ("driver_fades", "strong"),
    ("odds_shift", "mild"),
    ("odds_shift", "strong"),
    ("none", "mild"),
    ("none", "strong"),
)
LISTS = (60, 120, 240, 480, 960)  # outcomes known after each list
NEVER = 2 * LISTS[-1]  # of a world that the last list leaves wrong
DRAWS = 1  # of each way to choose, in each world
WAYS = ("chosen", "random")
SAID_OF = 480  # outcomes of the one list whose promise is compared with what came
COLUMNS: tuple[Family, ...] = ("data", "dependency", "moved_alone", "support", "score", "repairs")
OUTCOMES: tuple[Family, ...] = ("offers", "labels", "prior", "performance", "challengers")


def main() -> None:
    """Measure, print and write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", default="11-16")
    first, _, last = arguments.parse_args().seeds.partition("-")
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["worlds"] if RESULTS.is_file() else []
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(Table(), Path(folder), ROWS, POLICY, VALUE, "diagnosis", lambda exhibit: Answer(cause="none", action="monitor"))
        for seed in range(int(first), int(last or first) + 1):
            if sum(one["seed"] == seed for one in found) == len(KINDS):
                continue
            found = [one for one in found if one["seed"] != seed]
            for world in _of_one_champion(setup, seed):
                found.append(world)
                RESULTS.write_text(json.dumps({"summary": _summary(found), "worlds": found}) + "\n", encoding="utf-8")
                print(f"seed {seed}: {len(found)} worlds", file=sys.stderr, flush=True)
    put_into_document("outcomes-asked", _table(found), "outcomes-asked.md")
    CHART.write_text(_chart(found), encoding="utf-8")
    print("\n".join(_table(found)))
    print(json.dumps(_summary(found)))


def _of_one_champion(setup: Setup, seed: int) -> Iterator[dict[str, Any]]:
    champion: Artifact | None = None
    for kind, severity in KINDS:
        question = Question(kind=kind, severity=severity, seed=seed, family=FAMILY, labels="full")
        if champion is None:
            digest = train_champion(setup, question)
            assert digest is not None  # generated customers express all of them
            champion = open_artifact(Workspace(setup.folder), digest)
        world = make_world(question, setup.table, champion, setup.rows)
        truth = find_truth(question, world, {}, VALUE)
        observed = observe(champion, baseline_of(champion), world.exhibit.window())
        told = {way: [_asked(observed, way, draw) for draw in range(DRAWS)] for way in WAYS}
        yield {
            "seed": seed,
            "kind": kind,
            "severity": severity,
            "cause": truth.cause,
            "right": truth.acceptable,
            "said": _promise(observed),
            **told,
        }


def _unanswered(observed: Observed) -> Observed:
    return replace(observed, labelled=observed.labelled.at(np.zeros(0, dtype=np.int64)), labelled_scores=np.zeros(0))


def _outcome_rows(observed: Observed) -> np.ndarray:
    """The place of each sampled customer's outcome among the labelled rows."""
    known = observed.labelled
    places = pd.Series(np.arange(len(known.churned)), index=pd.MultiIndex.from_arrays([known.ids, known.times]))
    places = places[~places.index.duplicated()]
    return places.reindex(pd.MultiIndex.from_arrays([observed.ids, observed.times])).to_numpy().astype(np.int64)


def _asked(observed: Observed, way: str, draw: int) -> list[tuple[str, str]]:
    """Cause and remedy that the diagnosis names after each list."""
    places, without = _outcome_rows(observed), examine(_unanswered(observed), POLICY, VALUE, OUTCOMES).findings
    everybody = np.ones(len(places), dtype=bool)
    asked, partition, seen, told = ~everybody, None, _unanswered(observed), []
    order = np.random.default_rng([draw, 1]).permutation(len(places))
    for number in LISTS:
        if way == "random":
            asked = np.isin(np.arange(len(places)), order[:number])
            weights = everybody.astype(np.float64)
        else:
            choice = choose(seen, POLICY, number - int(asked.sum()), ~asked, asked, partition, 1_000 * draw + number)
            asked, partition, weights = asked | choice.drawn, choice.partition, 1 / np.maximum(1e-9, choice.probability)
        seen = _answered(observed, places[asked], weights[asked])
        found = Answer.of(_diagnosed(seen, without))
        told.append((found.cause, found.remedy))
    return told


def _answered(observed: Observed, places: np.ndarray, weights: np.ndarray) -> Observed:
    order = np.argsort(places)
    known = observed.labelled.at(places[order])
    stands_for = pd.Series(weights[order] / weights.mean(), index=known.churned.index)
    known = replace(known, weights=stands_for, design_weights=stands_for)
    return replace(observed, labelled=known, labelled_scores=observed.labelled_scores[places[order]])


def _diagnosed(observed: Observed, without: Sequence[Finding]) -> Diagnosis:
    churned = one_row_each(observed).labelled.churned
    setting = Setting(observed.rows, len(churned), int(churned.sum()), customers=observed.customers, by_list=True)
    return conclude((*without, *examine(observed, POLICY, VALUE, COLUMNS).findings), setting, POLICY)


def _promise(observed: Observed) -> dict[str, Any]:
    """What a first list says that it settles, and the cause that its outcomes bring."""
    places, empty = _outcome_rows(observed), _unanswered(observed)
    without = examine(empty, POLICY, VALUE, OUTCOMES).findings
    found = conclude(without, Setting(observed.rows, 0, 0, customers=observed.customers), POLICY)
    everybody = np.ones(len(places), dtype=bool)
    choice = choose(empty, POLICY, SAID_OF, everybody, ~everybody, None, 0)
    settled = settles(empty, choice, found, POLICY, 10)
    seen = _answered(observed, places[choice.drawn], 1 / choice.probability[choice.drawn])
    return {"rival": settled.rival, "if_changed": settled.if_changed, "if_not": settled.if_not, "came": _diagnosed(seen, without).cause}


def _needed(answers: Sequence[Sequence[str]], right: Sequence[str]) -> int:
    """Outcomes from which on the remedy is right."""
    wrong = [place for place, (_, remedy) in enumerate(answers) if remedy not in right]
    if not wrong:
        return LISTS[0]
    return LISTS[wrong[-1] + 1] if wrong[-1] + 1 < len(LISTS) else NEVER


def _groups(worlds: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Worlds in which the champion as it is is wrong, in which it may stay, and in which nothing changed."""
    return {
        "something must be done": [one for one in worlds if "monitor" not in one["right"]],
        "a change that may be left alone": [one for one in worlds if "monitor" in one["right"] and one["kind"] != "none"],
        "nothing changed": [one for one in worlds if one["kind"] == "none"],
    }


def _right_share(worlds: Sequence[Mapping[str, Any]], way: str, place: int) -> float:
    return float(np.mean([draw[place][1] in one["right"] for one in worlds for draw in one[way]]))


def _cause_share(worlds: Sequence[Mapping[str, Any]], way: str, place: int) -> float:
    def holds(cause: str, truth: str) -> bool:
        return cause == truth or (truth == "none" and cause == "covariate_benign")

    return float(np.mean([holds(draw[place][0], one["cause"]) for one in worlds for draw in one[way]]))


def _fewer(worlds: Sequence[Mapping[str, Any]]) -> tuple[float, float, float] | None:
    """By which factor fewer outcomes chosen lists take than random ones, the geometric mean over worlds with its 90% interval."""
    logs = [
        np.mean([np.log(_needed(draw, one["right"])) for draw in one["random"]])
        - np.mean([np.log(_needed(draw, one["right"])) for draw in one["chosen"]])
        for one in worlds
    ]
    if not logs:
        return None
    rng, numbers = np.random.default_rng(0), np.array(logs)
    means = numbers[rng.integers(len(numbers), size=(2_000, len(numbers)))].mean(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return float(np.exp(numbers.mean())), float(np.exp(low)), float(np.exp(high))


def _summary(worlds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    changed = [one for one in worlds if one["cause"] == "concept_drift"]
    same = [one for one in worlds if one["kind"] == "none"]
    mean = lambda numbers: float(np.mean(numbers)) if numbers else None  # noqa: E731
    return {
        "worlds": len(worlds),
        "fewer": {name: _fewer(part) for name, part in _groups(worlds).items()},
        "promised": {
            "if_changed": mean([one["said"]["if_changed"] for one in changed]),
            "came_if_changed": mean([one["said"]["came"] == one["said"]["rival"] for one in changed]),
            "if_not": mean([one["said"]["if_not"] for one in same]),
            "came_if_not": mean([one["said"]["came"] in ("none", "covariate_benign") for one in same]),
        },
    }


def _table(worlds: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["| worlds | known outcomes | right action, chosen | random | right cause, chosen | random |", "|---|---:|---:|---:|---:|---:|"]
    for name, part in _groups(worlds).items():
        for place, number in enumerate(LISTS if part else ()):
            shares = [share(part, way, place) for share in (_right_share, _cause_share) for way in WAYS]
            first = f"{name} ({len(part)})" if place == 0 else ""
            lines.append(f"| {first} | {number:,} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    return lines


def _chart(worlds: Sequence[Mapping[str, Any]]) -> str:
    """Share of worlds with the right action by known outcomes, of those in which something must be done."""
    part = _groups(worlds)["something must be done"]
    left, top, width, height = 60, 30, 520, 260
    across = [left + width * np.log(number / LISTS[0]) / np.log(LISTS[-1] / LISTS[0]) for number in LISTS]
    colors = {"chosen": "#1f6feb", "random": "#8b949e"}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 100} {top + height + 60}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>Share of {len(part)} worlds with the right action, by known outcomes: chosen against random</title>",
        f'<rect width="{left + width + 100}" height="{top + height + 60}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        y = top + height * (1 - tenth / 10)
        parts.append(f'<line x1="{left}" y1="{y:.0f}" x2="{left + width}" y2="{y:.0f}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{tenth * 10}%</text>')
    parts += [
        f'<text x="{x:.0f}" y="{top + height + 20}" text-anchor="middle">{number:,}</text>' for x, number in zip(across, LISTS, strict=True)
    ]
    parts.append(f'<text x="{left + width / 2:.0f}" y="{top + height + 44}" text-anchor="middle">known outcomes</text>')
    parts.append(f'<text x="{left}" y="{top - 12}">right action, share of worlds in which something must be done</text>')
    for way in WAYS:
        points = [(x, top + height * (1 - _right_share(part, way, place))) for place, x in enumerate(across)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colors[way]}" stroke-width="2.5"/>')
        nudge = -8 if way == "chosen" else 18
        parts.append(f'<text x="{points[-1][0] + 8:.0f}" y="{points[-1][1] + nudge:.0f}" fill="{colors[way]}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
