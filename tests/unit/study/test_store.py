"""Parts of runs that are kept: the same value back, and nothing kept where it should not be."""

from __future__ import annotations

import os
import time

from riskset.study import store as module
from riskset.study.results import Basis
from riskset.study.store import Store, user_store

PART = Basis(n_persons=3, n_rows=7, n_events=2, person_years=0.1 + 0.2)


def count_calls():
    calls: list[int] = []

    def compute() -> Basis:
        calls.append(1)
        return PART

    return calls, compute


def test_a_part_is_made_once_and_comes_back_to_the_last_digit(tmp_path):
    calls, compute = count_calls()
    first = Store(tmp_path / "kept").get(Basis, {"a": 1}, compute)
    again = Store(tmp_path / "kept").get(Basis, {"a": 1}, compute)
    assert first == again == PART
    assert len(calls) == 1


def test_what_it_is_made_of_and_by_decides(tmp_path, monkeypatch):
    calls, compute = count_calls()
    store = Store(tmp_path)
    store.get(Basis, {"a": 1}, compute)
    store.get(Basis, {"a": 2}, compute)
    monkeypatch.setattr(module, "program", lambda: "another version")
    store.get(Basis, {"a": 1}, compute)
    assert len(calls) == 3


def test_a_damaged_part_is_made_again(tmp_path):
    calls, compute = count_calls()
    store = Store(tmp_path)
    store.get(Basis, 1, compute)
    (file,) = tmp_path.iterdir()
    file.write_text('{"n_persons": "cut sho')
    assert store.get(Basis, 1, compute) == PART
    assert len(calls) == 2


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "file").write_text("")
    calls, compute = count_calls()
    store = Store(tmp_path / "file" / "folder")
    assert store.get(Basis, 1, compute) == store.get(Basis, 1, compute) == PART
    assert len(calls) == 2


def test_parts_that_nobody_asked_for_in_a_month_go(tmp_path):
    store = Store(tmp_path)
    _, compute = count_calls()
    store.get(Basis, "old", compute)
    (old,) = tmp_path.iterdir()
    month = time.time() - 31 * 86_400
    os.utime(old, (month, month))
    store.get(Basis, "new", compute)
    store.tidy()
    assert old not in set(tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 1


def test_the_user_says_where_or_that_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("RISKSET_CACHE", str(tmp_path))
    assert user_store() == Store(tmp_path)
    monkeypatch.setenv("RISKSET_CACHE", "")
    assert user_store() == Store(None)
    monkeypatch.delenv("RISKSET_CACHE")
    folder = user_store().folder
    assert folder is not None
    assert folder.name == "riskset"
