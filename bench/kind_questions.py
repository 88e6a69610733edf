"""The worlds of `bench/kinds.py`: each made once, its truth found by doing, its findings as the diagnosis saw them; both kept on disk."""

import hashlib
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from pydantic import BaseModel

from pipeline.benchmark.customers import Table
from pipeline.benchmark.instance import Labels, Question, Truth
from pipeline.benchmark.questioning import ChampionName, Setup, champion_of, train_champion
from pipeline.benchmark.truth import Gains, find_truth, gained_by_rows
from pipeline.benchmark.world import World, make_world
from pipeline.diagnosis import diagnose as diagnosing
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import observe
from pipeline.diagnosis.setting import Setting
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.windows.baseline import baseline_of
from pipeline.workspace.folder import Workspace
from pipeline.worlds.change import NotExpressible
from pipeline.worlds.scenarios import scenario_named

ROOT = Path(__file__).resolve().parent.parent
_TRUTH_CODE = ("benchmark/truth.py", "families", "measures", "models")  # what carries remedies out; the world counts by its bytes


@dataclass(frozen=True)
class Code:
    """Digests of the code that makes findings (all of `pipeline` and the policy) and of the part that finds a truth."""

    whole: str
    truth: str

    @classmethod
    def now(cls, policy_text: str) -> "Code":
        """As it lies in the checkout."""
        return cls(_digest_of(("",), policy_text), _digest_of(_TRUTH_CODE, ""))


@dataclass(frozen=True)
class Reuse:
    """What is taken from disk although code changed: truths where only code outside their own did, findings whatever changed."""

    truth: bool
    findings: bool


class Kept(BaseModel, frozen=True):
    """One question as it lies on disk. `skipped` says why the table cannot express it; then there is nothing else. `world` is the digest of the
    world, `whole` and `truth_code` those of the code that made this. Seconds are CPU's."""

    table: str
    rows: int
    question: Question
    whole: str
    truth_code: str
    world: str = ""
    truth: Truth | None = None
    setting: Setting | None = None
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    truth_seconds: float = 0.0
    findings_seconds: float = 0.0


class Desk:
    """Makes the worlds of one table and seed. Champions are trained when a world asks for one."""

    def __init__(self, name: str, setup: Setup, code: Code, cache: Path, reuse: Reuse) -> None:
        self._name, self._setup, self._code, self._cache, self._reuse = name, setup, code, cache, reuse
        self._champions: dict[ChampionName, Artifact | None] = {}
        self._twins: dict[tuple[str, Labels], Gains] = {}

    def kept(self, question: Question) -> Kept:
        """The question with its truth and findings, from disk where what made them stands."""
        place = self._cache / self._name / f"{question.kind}-{question.severity}-{question.seed}-{self._setup.rows}.json"
        before = Kept.model_validate_json(place.read_bytes()) if place.exists() else None
        if before and before.question == question and (self._reuse.findings or before.whole == self._code.whole):
            return before
        made = self._made(question, before)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(".unfinished")
        unfinished.write_text(made.model_dump_json(), encoding="utf-8")
        unfinished.replace(place)
        return made

    def _made(self, question: Question, before: Kept | None) -> Kept:
        bare = Kept(table=self._name, rows=self._setup.rows, question=question, whole=self._code.whole, truth_code=self._code.truth)
        try:
            champion = self._champion(question)
            if champion is None:
                return bare.model_copy(update={"skipped": "The table has no customers of a fitting kind."})
            world = make_world(question, self._setup.table, champion, self._setup.rows)
        except NotExpressible as error:
            return bare.model_copy(update={"skipped": str(error)})
        shown = _digest_of_world(question, world)
        started = time.process_time()
        if before and before.truth and self._reuse.truth and (before.world, before.truth_code) == (shown, self._code.truth):
            truth, truth_seconds = before.truth, before.truth_seconds
        else:
            truth = find_truth(question, world, self._free(question, champion), self._setup.value)
            truth_seconds = time.process_time() - started
        started = time.process_time()
        findings, setting = self._examined(world)
        return bare.model_copy(
            update={
                "world": shown,
                "truth": truth,
                "truth_seconds": truth_seconds,
                "setting": setting,
                "findings": findings,
                "findings_seconds": time.process_time() - started,
            }
        )

    def _champion(self, question: Question) -> Artifact | None:
        name = champion_of(question)
        if name not in self._champions:
            digest = train_champion(self._setup, question)
            self._champions[name] = None if digest is None else open_artifact(Workspace(self._setup.folder), digest)
        return self._champions[name]

    def _free(self, question: Question, champion: Artifact) -> Gains:
        key = (champion.digest, question.labels)
        if key not in self._twins:
            twin = question.model_copy(update={"kind": "none", "severity": "strong"})
            self._twins[key] = gained_by_rows(make_world(twin, self._setup.table, champion, self._setup.rows), self._setup.value)
        return self._twins[key]

    def _examined(self, world: World) -> tuple[tuple[Finding, ...], Setting]:
        """What the diagnosis hands to `conclude`, listened to on the way, so that it is exactly that."""
        heard: list[tuple[tuple[Finding, ...], Setting]] = []
        concluded = diagnosing.conclude

        def conclude(findings: tuple[Finding, ...], setting: Setting, *others: object, **named: object) -> Diagnosis:
            heard.append((tuple(findings), setting))
            return concluded(findings, setting, *others, **named)  # type: ignore[arg-type]

        exhibit = world.exhibit
        with mock.patch.object(diagnosing, "conclude", conclude):
            observed = observe(exhibit.champion, baseline_of(exhibit.champion), exhibit.window())
            diagnosing.diagnose(observed, self._setup.policy, value=self._setup.value)
        return heard[-1]


def kept_for(name: str, table: Table, asked: Sequence[Question], setup: Setup, code: Code, cache: Path, reuse: Reuse) -> list[Kept]:
    """All questions of one table and seed; each told on standard error when it is done. What fails is told and left out."""
    logging.disable(logging.WARNING)
    found = []
    with tempfile.TemporaryDirectory(prefix="kinds-") as folder:
        own = Setup(table, Path(folder), setup.rows, setup.policy, setup.value, setup.operator_name, setup.operator)
        desk = Desk(name, own, code, cache, reuse)
        for number, question in enumerate(asked, 1):
            started = time.perf_counter()
            try:
                found.append(desk.kept(question))
                done = f"{time.perf_counter() - started:.1f} s"
            except Exception as error:  # a failure of the benchmark must neither end it nor pass for an answer
                done = f"FAILED, {type(error).__name__}: {error}"
            print(f"{name}, seed {question.seed}, {number} of {len(asked)}: {question.kind}, {question.severity}: {done}", file=sys.stderr)
    return found


def _digest_of(parts: Sequence[str], and_text: str) -> str:
    said = hashlib.sha256(and_text.encode())
    for file in _files(parts):
        said.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return said.hexdigest()


def _files(parts: Sequence[str]) -> Iterator[Path]:
    for part in parts:
        place = ROOT / "pipeline" / part
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def _digest_of_world(question: Question, world: World) -> str:
    # The twin is left out: whatever draws it draws this world as well.
    champion, said = world.exhibit.champion, hashlib.sha256()
    for frame in (world.features, world.future, world.broken, champion.reference()):
        if frame is not None:
            said.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    for numbers in (world.known, world.matured, world.expected, champion.scores(world.features), champion.scores(world.future)):
        said.update(np.ascontiguousarray(numbers).tobytes())
    said.update(repr((scenario_named(question.kind).truth, world.change.columns, question)).encode())
    return said.hexdigest()
