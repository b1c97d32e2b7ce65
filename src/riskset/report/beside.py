"""Processes that draw figures beside this one: figures are independent of each other, and much of a run's time.

A helper is a Python of its own and no copy of this one, whose threads a copy would not have. It is started while models
are still fitted, so that nobody waits for what it must load, and makes the same figures from the same results.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context, parent_process

from riskset.report.compose import compose
from riskset.report.document import Document
from riskset.report.figures import Drawn, draw_one, uncollected
from riskset.study.output import uninterrupted
from riskset.study.results import Results

MOST = 3
"""More helpers than this wait for each other's figures longer than they draw."""
VARIABLE = "RISKSET_PROCESSES"
"""How many processes a run may have in all; 1 forbids helpers."""


@dataclass(frozen=True)
class Helpers:
    """Processes that draw, or none.

    Parameters
    ----------
    pool : ProcessPoolExecutor, optional
    """

    pool: ProcessPoolExecutor | None = None

    def ask(self, results: Results, document: Document) -> Mapping[str, Future[Drawn]]:
        """Ask for every figure of a report.

        Parameters
        ----------
        results : Results
        document : Document
            What is composed of them.

        Returns
        -------
        mapping
            Figures to come, by key; empty where there is no helper.
        """
        if self.pool is None:
            return {}
        made_of = results.model_dump_json().encode()
        try:
            return {f.key: self.pool.submit(_draw, made_of, f.key) for f in document.figures}
        except BrokenProcessPool:
            return {}


@contextmanager
def helpers() -> Generator[Helpers]:
    """Start helpers, as many as there are processors besides the one in use, and end them with the block.

    Yields
    ------
    Helpers
        Without any where processes cannot be started; figures are then drawn here.
    """
    n = min(MOST, _processes() - 1)
    pool: ProcessPoolExecutor | None = None
    try:
        if n > 0:
            pool = ProcessPoolExecutor(n, mp_context=get_context("spawn"), initializer=_ready)
            with uninterrupted():  # which they inherit: Ctrl-C is this process's matter
                for _ in range(n):
                    pool.submit(_loaded)
    except (OSError, ImportError, BrokenProcessPool):  # a system without semaphores, or at its limit
        pool = None
    try:
        yield Helpers(pool)
    finally:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _processes() -> int:
    named = os.environ.get(VARIABLE, "")
    if named.isdigit():
        return int(named)
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return len(usable) or os.cpu_count() or 1


# --- in the helper --------------------------------------------------------------------------------------------


def _ready() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    run = parent_process()
    if run is not None:
        run.join()  # however it ends
        os._exit(1)


def _loaded() -> None:
    """Do nothing: what a helper needs is loaded by now."""


def _draw(made_of: bytes, key: str) -> Drawn:
    document = _document(made_of)
    figure = next(f for f in document.figures if f.key == key)
    with uncollected():
        return draw_one(figure, document.numbers[figure.id])


@lru_cache(maxsize=1)
def _document(made_of: bytes) -> Document:
    return compose(Results.model_validate_json(made_of))
