"""A replay as a person runs it: figures for eyes and programs, an interruption that loses nothing, and errors that say what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.replay.replaying import Replay
from tests.end_to_end.command_line import CommandLine
from tests.pipeline.replay.dated_customers import as_file, dated_customers

ASKED = ("replay", "dated.csv", "--time", "seen", "--target", "churned")
CUT = ("--reference", "6w", "--batch", "2w", "--label-delay", "10d", "--estimator", "logistic_regression")


def interrupt_after(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ctrl-C come when so many batches are done."""
    usual = Replay.steps

    def until(replay: Replay) -> Iterator[int]:
        for done in usual(replay):
            yield done
            if done == number:
                raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "steps", until)


@pytest.mark.slow
def test_an_interrupted_replay_prints_what_is_done(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    as_file(dated_customers(14, 3), churnops.folder)
    interrupt_after(1, monkeypatch)
    said = churnops(*ASKED, *CUT, "--json")
    assert said.code == 130
    assert (said.json["asked"], said.json["lived"]) == (4, 1)
    assert "Interrupted" in said.err
    assert "of 4: partial" in said.err
    assert [batch["number"] for batch in said.json["batches"]] == [1]
    assert said.json["columns"]["id"] == "customer_id"
    names = ["diagnosis", "never", "always", "every 3", "psi", "errors", "oracle"]
    assert list(said.json["strategies"]) == names
    assert {"profit", "cost", "net", "regret", "trained", "deployed", "cases_per_year", "refused_wrongly", "unsafe", "batches"} <= set(
        said.json["strategies"]["diagnosis"]
    )
    assert set(said.json["over_best_simple"]) == {"value", "low", "high"}
    assert said.json["over_best_simple"]["low"] is None  # of one batch
    assert said.json["best_simple"] in names[1:-1]
    assert list(temporary.iterdir()) == []
    assert [path.name for path in churnops.folder.iterdir()] == ["dated.csv"]


def test_interrupted_before_a_batch_is_done_it_says_so(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    as_file(dated_customers(14, 3), churnops.folder)
    monkeypatch.setattr(Replay, "steps", _interrupted)
    said = churnops(*ASKED, *CUT, "--json")
    assert said.code == 130
    assert said.json == {"asked": 4, "lived": 0}
    assert "nothing to report" in said.err


def _interrupted(replay: Replay) -> Iterator[int]:
    raise KeyboardInterrupt
    yield 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((*ASKED[:1], "nowhere.csv", *ASKED[2:]), 1, "no file"),
        ((*ASKED, "--batch", "monthly"), 1, "no length of time"),
        ((*ASKED, "--label-delay", "0d"), 1, "no length of time"),
        ((*ASKED, "--reference", "most"), 1, "no size of a reference"),
        ((*ASKED, "--estimator", "oracle"), 2, "--estimator"),
        ((*ASKED, "--positive", "maybe"), 1, "No value of `churned`"),
        (ASKED[:2], 2, "--time"),
        ((*ASKED, "--batch", "40w"), 1, "shorter --batch"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(churnops: CommandLine, arguments: tuple[str, ...], code: int, said: str) -> None:
    as_file(dated_customers(14, 3), churnops.folder)
    ended = churnops(*arguments)
    assert ended.code == code
    assert said in ended.err
    assert "Traceback" not in ended.err
