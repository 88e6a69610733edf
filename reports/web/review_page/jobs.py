"""What an operator starts from the page: each job is a command of `churnops`, its words put together from choices that the page offered."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel

from pipeline.families import families, installed_families
from pipeline.record.champion import find_champion
from pipeline.record.opened_workspace import Opened
from reports.web.review_page.guard import Stop
from reports.web.review_page.window_files import window_files

JobKind = Literal["check", "triage", "train", "compare", "simulate"]
TITLES: Mapping[JobKind, str] = {
    "check": "Check",
    "triage": "Triage",
    "train": "Training",
    "compare": "Comparison of model families",
    "simulate": "Generated traffic",
}
SPANS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "week": ("the log's last 7 days", ()),
    "month": ("the log's last 30 days", ("--window", "30d")),
    "deploy": ("the log since the champion was deployed", ("--since-deploy",)),
}
_FILE = "file:"
WEEKS = (1, 2, 4, 8)


class Job(BaseModel, frozen=True):
    """One job: the words of its command, behind `churnops`, and what people call it."""

    kind: JobKind
    words: tuple[str, ...]
    title: str


class Choices(BaseModel, frozen=True):
    """What the forms of the page offer, each as value and words."""

    windows: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    families: tuple[str, ...]
    scenarios: tuple[tuple[str, str], ...]
    first_model: bool


def choices(opened: Opened) -> Choices:
    """What can be started in a workspace now. `scenarios` are there where customers are made up; `first_model`: there is no champion yet, so a
    training that passes the gate makes one, which is an approver's to start."""
    files = window_files(opened.workspace.root)
    return Choices(
        windows=(*((name, said) for name, (said, _) in SPANS.items()), *((f"{_FILE}{file}", f"file {file}") for file in files)),
        files=files,
        families=installed_families(),
        scenarios=_scenarios() if opened.settings.data.synthetic_seed is not None else (),
        first_model=find_champion(opened.workspace, opened.ledger) is None,
    )


def job_of(opened: Opened, form: Mapping[str, str], *, approver: bool) -> Job:
    """The job that a form asks for; `approver`: whether whoever asks may deploy.

    Raises:
        Stop: something was chosen that the page does not offer, or the training of a first model is not theirs to start.
    """
    match form.get("kind"):
        case "check":
            title, words = _window(opened, form)
            return Job(kind="check", words=("diagnose", *words, "--json"), title=f"Check of {title}")
        case "triage":
            title, words = _window(opened, form)
            return Job(kind="triage", words=("triage", "--operator", "auto", *words, "--json"), title=f"Triage of {title}")
        case "train" | "compare" as kind:
            if choices(opened).first_model and not approver:
                raise Stop(403, "The first model that passes the gate is deployed, which is an approver's to start.", "Ask one.")
            if kind == "compare":
                return Job(kind="compare", words=("train", "--compare", "--json"), title=TITLES["compare"])
            family = _one_of(form.get("family", ""), ("", *families()))
            chosen = ("--estimator", family) if family else ()
            return Job(kind="train", words=("train", *chosen, "--json"), title=f"Training of {family or 'the usual family'}")
        case "simulate":
            scenario = _one_of(form.get("scenario", ""), tuple(name for name, _ in choices(opened).scenarios))
            weeks = _one_of(form.get("weeks", ""), tuple(map(str, WEEKS)))
            return Job(
                kind="simulate",
                words=("simulate", "-s", scenario, "--weeks", weeks, "--json"),
                title=f"Traffic: {scenario}, weeks: {weeks}",
            )
    raise _not_offered()


def _window(opened: Opened, form: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    chosen, outcomes = form.get("window", ""), form.get("outcomes", "")
    files = window_files(opened.workspace.root)
    # An option and its value in one word: nothing that a file is called can become an option.
    known = (f"--outcomes={opened.workspace.root / _one_of(outcomes, files)}",) if outcomes else ()
    if chosen.startswith(_FILE):
        file = _one_of(chosen.removeprefix(_FILE), files)
        return f"file {file}", (f"--current={opened.workspace.root / file}", *known)
    said, words = SPANS[_one_of(chosen, tuple(SPANS))]
    return said, (*words, *known)


def _one_of(chosen: str, offered: tuple[str, ...]) -> str:
    if chosen not in offered:
        raise _not_offered()
    return chosen


def _not_offered() -> Stop:
    return Stop(422, "The page does not offer that; nothing was started.", "Open the page again and choose from its lists.")


def _scenarios() -> tuple[tuple[str, str], ...]:
    from pipeline.worlds.scenarios import SCENARIOS

    return tuple((one.name, one.says) for one in SCENARIOS.values())
