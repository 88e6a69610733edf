"""A workspace, by the commands a program may run, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import churnops
from churnops_client.answers import Case, Cases, Comparison, Diagnosis, Drift, Report, Status, Trained, Triage
from churnops_client.reading import made

_NONE: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Workspace:
    """A workspace, by the commands a program may run. Windows are named as on the command line: `window="2w"`, `since=`,
    `since_deploy=True`, `rows=`, or files, `current=` and `outcomes=`. Each method raises `Refusal` where the command ends in an error."""

    folder: Path

    def status(self) -> Status:
        """Is the champion well, what waits, what changed since the last asking."""
        return made(Status, self._answer(["status"]))

    def drift(self, window: str = "", *, by: str = "", **options: str | int | bool | Path) -> Drift:
        """How the window differs from the reference; `by` names a categorical column. Opens no case."""
        return made(Drift, self._answer(["drift"], {"window": window, "by": by, **options}))

    def diagnose(self, window: str = "", **options: str | int | bool | Path) -> Diagnosis:
        """What happened in the window, how sure that is, what is not visible. Opens no case."""
        return made(Diagnosis, self._answer(["diagnose"], {"window": window, **options}))

    def triage(self, window: str = "", **options: str | int | bool | Path) -> Triage:
        """One case from alert to report, within the policy. A challenger waits for a person."""
        return made(Triage, self._answer(["triage"], {"window": window, **options}))

    def train(self, estimator: str = "") -> Trained:
        """Train on the reference. The first model past the gate becomes the champion; later ones wait for a person."""
        return made(Trained, _told(self._answer(["train"], {"estimator": estimator})))

    def compare(self, *families: str, fits: int = 40) -> Comparison:
        """Compare families of models, all that are installed or those named, then train the one that is selected."""
        said = self._answer(["train", "--compare", *(f"--family={name}" for name in families)], {"fits": fits})
        return made(Comparison, {**said, "trained": _told(said)})

    @property
    def cases(self) -> Cases:
        """Every case: what is open first, then the newest."""
        return Cases(made(Case, said) for said in self._answer(["reports", "list"])["cases"])

    def report(self, case: str | Case) -> Report:
        """The report of a case, by the case or the beginning of its id."""
        named = case.case_id if isinstance(case, Case) else case
        said = self._answer(["reports", "show"], case=named)
        if said["markdown"] is None:
            raise churnops.Refusal(f"Case {said['case_id']} has no report. Run `triage`.", None, 1)
        return Report(made(Case, said), said["markdown"], said["intact"])

    def _answer(self, command: Sequence[str], options: Mapping[str, object] = _NONE, case: str = "") -> dict[str, Any]:
        given = [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}") for name, value in options.items() if value]
        # -P: neither the folder a notebook stands in nor this file's own is looked through before `main` has put ours first.
        ran = subprocess.run(
            [
                sys.executable,
                "-P",
                str(Path(churnops.__file__).resolve()),
                *command,
                *given,
                f"--workspace={self.folder}",
                "--json",
                *(["--", case] if case else []),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        lines = ran.stdout.splitlines()
        said: dict[str, Any] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        if ran.returncode == 0:
            return said
        error = said.get("error") or {"said": _unboxed(ran.stderr), "rule": None}
        raise churnops.Refusal(error["said"], error["rule"], ran.returncode)


def _unboxed(stderr: str) -> str:
    """What a wrong usage is told, without the box a terminal draws around it."""
    inside = [line.strip("│ ") for line in stderr.splitlines() if line.startswith("│")]
    return " ".join(inside) or stderr.strip()


def _told(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `train --json` says of a model, flat."""
    result = said["result"]
    measures = [{"name": name, **value} for name, value in result["metrics"].items() if isinstance(value, dict)]
    case_id = said["case"] and said["case"]["case_id"]
    return {**said, **result, "measures": measures, "checks": result["gate"]["checks"], "case_id": case_id}
