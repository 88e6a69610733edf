"""Running a benchmark over several processes: champions first, then every question, results as they come."""

import logging
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from pipeline.benchmark.instance import Broken, Question, Result
from pipeline.benchmark.questioning import ChampionName, Questioning, Setup, champion_of, train_champion

_desk: Questioning | None = None  # of this process, where it is a worker


def run(setup: Setup, asked: Sequence[Question], jobs: int) -> Iterator[Result]:
    """Answers to all questions, in the order in which they are found. Ending the iteration early ends the workers.

    Raises:
        ChurnopsError: no champion can be trained on the table.
    """
    first = {champion_of(question): question for question in reversed(asked)}
    with _workers(jobs) as pool:
        try:
            trained = {name: pool.submit(train_champion, setup, question) for name, question in first.items()}
            digests = {name: done.result() for name, done in trained.items()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    with _workers(jobs, setup, digests) as pool:
        waiting = {pool.submit(_answer, question): question for question in asked}
        try:
            for done in as_completed(waiting):
                yield _result(done, waiting[done])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _workers(jobs: int, setup: Setup | None = None, digests: dict[ChampionName, str | None] | None = None) -> ProcessPoolExecutor:
    # One thread each: the cores are shared by processes, and the order of a sum does not depend on their number.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_sit_down, initargs=(setup, digests))


def _sit_down(setup: Setup | None, digests: dict[ChampionName, str | None] | None) -> None:
    global _desk
    # Ctrl-C is the parent's to understand: it prints what is done so far.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    if setup is not None:
        _desk = Questioning(setup, digests or {})


def _answer(question: Question) -> Result:
    assert _desk is not None
    return _desk.answer(question)


def _result(done: "Future[Result]", question: Question) -> Result:
    try:
        return done.result()
    except Exception as error:  # the worker died: no answer, neither right nor wrong
        return Broken(question=question, said=f"{type(error).__name__}: {error}")
