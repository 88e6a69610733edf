"""What a client asks of one training, and what it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.diagnosis.diagnosis import Mode
from pipeline.families import USUAL, families
from pipeline.record.cases import Training, TrainingResult
from pipeline.workspace.policy import Policy
from tools.results import Candidate, TrainingReply


@dataclass(frozen=True)
class TrainingRequest:
    """One training as asked for. An estimator left out is the usual one, hyperparameters left out take its defaults; in mode `recalibrate`
    both are the champion's."""

    mode: Mode
    estimator: str | None
    hyperparameters: Mapping[str, float]

    @property
    def arguments(self) -> dict[str, Any]:
        return {"mode": self.mode, **({} if self.estimator is None else {"estimator": self.estimator}), **self.hyperparameters}


def with_families(training: Signature, policy: Policy) -> Signature:
    """The signature of `run_training` with the families as choices of `estimator`, and an argument for each hyperparameter that `policy` bounds
    in place of its `**hyperparameters`. A name that several families have is one argument, with each one's range."""
    *named, _ = training.parameters.values()
    said: dict[str, dict[str, list[str]]] = {}
    fractions: set[str] = set()
    for name, family in families().items():
        for key, (low, high) in policy.hyperparameters[name].items():
            known = family.hyperparameters[key]
            said.setdefault(key, {}).setdefault(f"{known.said}, {low:g} to {high:g}", []).append(name)
            fractions |= set() if known.whole else {key}
    choices = Annotated[Literal[tuple(families())] | None, Field(description=f"Null: {USUAL}")]  # type: ignore[valid-type]
    return training.replace(
        parameters=[
            *(one.replace(annotation=choices) if one.name == "estimator" else one for one in named),
            *(
                Parameter(
                    key,
                    Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=Annotated[float | None if key in fractions else int | None, Field(description=_ranges(ranges))],
                )
                for key, ranges in said.items()
            ),
        ]
    )


def _ranges(ranges: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{', '.join(names)}: {said}" for said, names in ranges.items())


def reply_to(case_id: str, result: TrainingResult, done: tuple[Training, ...], policy: Policy) -> TrainingReply:
    """The answer, which says how many of the case's trainings are left."""
    used = sum(training.result is not None for training in done)
    reply = {
        "case_id": case_id,
        "candidate": Candidate(digest=result.digest, version=result.version),
        "held_out_rows": result.gate_rows,
        "trainings_left": 0 if result.gate.passed else max(0, 1 + policy.training.retries - used),
    }
    return TrainingReply.model_validate(dict(result) | reply)  # what has the same name in both is the same
