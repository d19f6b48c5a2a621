"""The published CSV format: back and forth, and every kind of damage."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from worldmodels.lifegpt.csv_files import read_pairs, read_table, write_table
from worldmodels.lifegpt.tokenizer import PADDING


def tables(side: int) -> st.SearchStrategy[np.ndarray]:
    return st.tuples(st.integers(1, 3), st.integers(1, 4)).flatmap(
        lambda size: arrays(np.int64, (*size, side * side), elements=st.integers(0, 1))
    )


@given(table=st.integers(1, 4).flatmap(tables))
def test_states_come_back(table: np.ndarray, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("csv") / "states.csv"
    write_table(path, table)
    assert (read_table(path) == table).all()


def test_leading_zeros_are_kept_and_the_header_is_as_published(tmp_path: Path):
    path = tmp_path / "states.csv"
    write_table(path, np.array([[[0, 0, 0, 1], [0, 0, 0, 0]]]))
    assert path.read_text() == "State 1,State 2\n0001,0000\n"
    before, after = read_pairs(path)
    assert (before.tolist(), after.tolist()) == ([[0, 0, 0, 1]], [[0, 0, 0, 0]])


def test_grids_of_several_sizes_are_padded_with_p(tmp_path: Path):
    path = tmp_path / "states.csv"
    table = np.array([[[0, 1, 1, 1], [1, 1, 1, 0]], [[1, 2, 2, 2], [0, 2, 2, 2]]])
    write_table(path, table, [2, 1])
    assert path.read_text() == "GridSize,State 1,State 2\n2,0111,1110\n1,1ppp,0ppp\n"
    assert (read_table(path) == table).all()
    assert (read_pairs(path)[0][1, 1:] == PADDING).all()


GOOD = "State 1,State 2\n0110,1111\n0000,0001\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the header"),
        ("a,b\n0110,1111\n", "line 1: expected the header 'State 1,State 2,...', .* got 'a,b'|a,b"),
        ("State 1,State 3\n0110,1111\n", "line 1: expected the header"),
        ("State 1,State 2\n", "has no line of states"),
        (GOOD[:-1], "line 3: the file ends within the line"),
        (GOOD[:-4], "line 3: the file ends within the line"),
        (GOOD + "0000\n", "line 4: expected 2 fields, got 1"),
        (GOOD + "0000,0000,0000\n", "line 4: expected 2 fields, got 3"),
        (GOOD + "0000,00\n", "line 4, state 2: expected a square grid, .* got 2 cells"),
        (GOOD + "0000,0\n", "line 4: states of different lengths"),
        (GOOD + "0,0\n", "line 4: states of 1 cells, those before have 4"),
        (GOOD + "0000,0020\n", "line 4, state 2: a cell is 0, 1 or p, got '2' at 2"),
        (GOOD + "0000,p000\n", "line 4, state 2: expected a square grid"),
        (GOOD + "0000,p0pp\n", "line 4, state 2: expected a square grid, then perhaps p"),
        (GOOD + ",\n", "line 4, state 1: expected a square grid"),
        (GOOD + '"0000,0000\n', "line 4: "),
        ("GridSize,State 1\nx,0000\n", "line 2: expected a grid size, got 'x'"),
        ("GridSize,State 1\n1,0000\n", "line 2, state 1: expected a square grid of 1x1"),
    ],
)
def test_damage_is_named_by_its_line(text: str, message: str, tmp_path: Path):
    path = tmp_path / "states.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "states.csv"
    path.write_bytes(b"State 1\n\xff\n")
    with pytest.raises(ValueError, match="no text file"):
        read_table(path)


def test_single_states_make_no_pairs(tmp_path: Path):
    path = tmp_path / "states.csv"
    write_table(path, np.zeros((2, 1, 4), np.int64))
    with pytest.raises(ValueError, match="one state a row"):
        read_pairs(path)
