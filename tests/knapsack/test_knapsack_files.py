"""Files of knapsacks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.knapsack.files import (
    format_npz,
    format_text,
    parse_npz,
    parse_text,
    read,
    read_all,
    write,
    write_all,
)
from envs.knapsack.instances import Knapsack

TEXT = "3 6\n5 2\n6 3\n7 4\n"


def same(first: Knapsack, second: Knapsack) -> bool:
    scalars = [(one.capacity, one.name, one.optimum) for one in (first, second)]
    return (
        np.array_equal(first.values, second.values)
        and np.array_equal(first.weights, second.weights)
        and scalars[0] == scalars[1]
    )


@st.composite
def knapsacks(draw: st.DrawFn) -> Knapsack:
    size = draw(st.integers(1, 5))
    values = draw(st.lists(st.integers(0, 2**40), min_size=size, max_size=size))
    weights = draw(st.lists(st.integers(1, 2**40), min_size=size, max_size=size))
    optimum = draw(st.none() | st.integers(0, 100).map(float))
    return Knapsack(
        np.array(values), np.array(weights), draw(st.integers(0, 2**40)), optimum=optimum
    )


def test_a_knapsack_is_read_whatever_its_line_breaks():
    instance = parse_text(TEXT)
    assert (instance.size, instance.capacity) == (3, 6)
    assert instance.value([0, 2]) == 12
    assert same(parse_text(TEXT.replace("\n", "  ")), instance)


@given(knapsacks())
def test_what_is_written_is_read_back(instance: Knapsack):
    assert same(parse_text(format_text(instance), optimum=instance.optimum), instance)
    assert all(same(one, instance) for one in parse_npz(format_npz([instance, instance])))


def test_files_of_both_kinds_are_written_and_read(tmp_path: Path):
    instance = parse_text(TEXT, name="small")
    write(tmp_path / "small.txt", instance)
    assert same(read(tmp_path / "small.txt"), instance)
    write(tmp_path / "small.npz", instance)
    assert read(tmp_path / "small.npz").capacity == 6
    write_all(tmp_path / "small.npz", [instance, instance])
    assert len(read_all(tmp_path / "small.npz")) == 2
    with pytest.raises(ValueError, match="holds 2 instances: read it by read_all"):
        read(tmp_path / "small.npz")
    with pytest.raises(ValueError, match=r"ends in \.npz; choose that"):
        write_all(tmp_path / "small.txt", [instance])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.npz", "small.txt"]


def test_the_optimum_comes_from_a_table_beside_the_file(tmp_path: Path):
    (tmp_path / "small.kp").write_text(TEXT)
    assert read(tmp_path / "small.kp").optimum is None
    (tmp_path / "optimal.json").write_text('{"small": 12}')
    assert read(tmp_path / "small.kp").optimum == 12
    for broken in ("[]", "{", '{"small": "many"}'):
        (tmp_path / "optimal.json").write_text(broken)
        with pytest.raises(ValueError, match=r"optimal\.json(:| is not| should)"):
            read(tmp_path / "small.kp")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected are the number of items"),
        ("3 6\n5 2\n6 3\n", r"line 3: expected .* got 6 numbers\. Is the file cut off\?"),
        (TEXT + "1 1\n", "got 10 numbers"),
        (TEXT.replace("6 3", "6 x"), "line 3: a weight is whole and 1 or more, got 'x'"),
        (TEXT.replace("6 3", "6 0"), "line 3: a weight is whole and 1 or more, got '0'"),
        (TEXT.replace("6 3", "-6 3"), "line 3: a number is whole and 0 or more, got '-6'"),
        (TEXT.replace("6 3", "6.5 3"), "line 3: a number is whole and 0 or more, got '6.5'"),
        ("0 6\n", "line 1: a number is whole and 1 or more, got '0'"),
        ("1 6\n9999999999999999999 1\n", "line 2: a number is whole"),
    ],
)
def test_malformed_text_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=f"^knapsack, .*{message}"):
        parse_text(text)


ARRAYS: dict[str, Any] = {
    "values": np.array([[5, 7, 6]]),
    "weights": np.array([[2.0, 4, 3]]),
    "capacities": np.array([6]),
}


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_sets_of_bq_nco_know_their_optima(tmp_path: Path):
    path = tmp_path / "x.npz"
    assert read(saved(path, **ARRAYS, scale=1000)).optimum is None
    assert read(saved(path, **ARRAYS, solution_lengths=np.array([2]))).optimum == 12
    assert read(saved(path, **ARRAYS, optimal_values=np.array([12.0]))).optimum == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.array([5])}, r"values should hold numbers of shape \(instances, items\)"),
        ({"weights": np.ones((1, 2))}, "weights should hold numbers of shape"),
        ({"weights": np.array([[0.2, 1, 1]])}, "whole numbers; multiply by the scale"),
        ({"weights": np.array([[np.nan, 1, 1]])}, "weights should be whole numbers"),
        ({"weights": np.array([[0, 1, 1]])}, "instance 0: .*weights from 0"),
        ({"solution_lengths": np.array([3])}, "instance 0: the items weigh 9, more than 6"),
        ({"capacities": np.array(["a"])}, "capacities should hold numbers"),
        ({"values": np.array([[{}, 1, 1]], object)}, r"not an \.npz file of numbers"),
    ],
)
@pytest.mark.filterwarnings("default:invalid value")
def test_malformed_arrays_are_refused(change: dict[str, Any], message: str, tmp_path: Path):
    path = saved(tmp_path / "x.npz", **{**ARRAYS, **change})
    with pytest.raises(ValueError, match=rf"x\.npz.*{message}"):
        read(path)


def test_a_missing_array_is_named(tmp_path: Path):
    path = saved(tmp_path / "x.npz", values=ARRAYS["values"])
    with pytest.raises(ValueError, match=r"the array weights is missing; .* got values"):
        read(path)


def test_knapsacks_of_different_sizes_are_not_written_together():
    with pytest.raises(ValueError, match=r"knapsacks of one size, got \[1, 3\]"):
        format_npz([parse_text(TEXT), parse_text("1 1 1 1")])
