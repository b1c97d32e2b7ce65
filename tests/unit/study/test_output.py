"""The output folder is replaced whole or not at all."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from riskset.errors import OutputError
from riskset.study.output import staged, uninterrupted
from riskset.study.writing import write_bytes

MANIFEST = b'{"riskset": "1.0"}'


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_failure_leaves_the_previous_output_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with staged(out) as folder:
        write_bytes(folder / "manifest.json", MANIFEST)
        write_bytes(folder / "old.txt", b"old")
    before = tree(tmp_path)

    def fail() -> None:
        with staged(out) as folder:
            write_bytes(folder / "new.txt", b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert tree(tmp_path) == before


def test_the_new_output_takes_the_place_of_the_old(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    for name in ("rejects.csv", "report.html"):
        with staged(out) as folder:
            write_bytes(folder / "manifest.json", MANIFEST)
            write_bytes(folder / name, b"x")
        (out / "my notes.txt").write_bytes(b"mine")
    assert set(tree(tmp_path)) == {"deep/out/manifest.json", "deep/out/report.html", "deep/out/my notes.txt"}


def test_ctrl_c_between_the_renames_waits_for_nothing_and_breaks_nothing() -> None:
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # and afterwards it is itself again
        signal.raise_signal(signal.SIGINT)


def test_a_folder_of_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(OutputError, match="holds other files"), staged(tmp_path):
        pass
    assert (tmp_path / "thesis.docx").read_bytes() == b"years of work"


@pytest.mark.parametrize("theirs", [b'{"name": "a web page"}', b"[]", b"not JSON", b"\xff", b""])
def test_a_manifest_of_another_program_makes_no_output(tmp_path: Path, theirs: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(theirs)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.svg").write_bytes(b"mine")
    before = tree(tmp_path)
    with pytest.raises(OutputError, match="holds other files"), staged(tmp_path):
        pass
    assert tree(tmp_path) == before


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"), staged(tmp_path / "out"):
        pass


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with staged(out) as folder:
        write_bytes(folder / "manifest.json", MANIFEST)
    assert set(tree(out)) == {"manifest.json"}
