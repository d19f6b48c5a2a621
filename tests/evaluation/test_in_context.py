"""Lives of agents that learn in context: known returns, axes, rows, pictures, and bad usage."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.contexts.axes import MATRICES, TRAINED, axes_of
from evaluation.contexts.lives import play
from evaluation.contexts.scaling import MEMORIES, matched, measure, num_weights
from evaluation.in_context import main
from worldmodels.incontext.__main__ import main as train
from worldmodels.incontext.problem import find_problem

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_every_inner_episode_of_a_life_is_counted_once() -> None:
    keywords = {"num_episodes": 3, "max_steps": 5}  # too few for the pole to fall
    problem = find_problem("MetaCartPole-v0", "-", keywords)
    lives = play(problem, 4, 3)(None, 0)
    np.testing.assert_allclose(lives.returns, np.ones((4, 3)), rtol=1e-6)
    assert lives.task.tolist() == [-1] * 4


def test_a_world_without_inner_episodes_has_one() -> None:
    problem = find_problem("MemoryChain-v0", "-", {"memory_length": 2})
    returns = play(problem, 32, 1)(None, 0).returns
    assert set(returns.ravel()) == {-1.0, 1.0}


def test_inner_episodes_that_a_life_has_no_time_for_are_unknown() -> None:
    problem = find_problem("MetaCartPole-v0", "-", {"num_episodes": 1, "max_steps": 5})
    returns = play(problem, 2, 2)(None, 0).returns
    assert np.isnan(returns).tolist() == [[False, True]] * 2


def test_axes_are_those_of_the_world() -> None:
    control = [axis.name for axis in axes_of("MetaControl-v0", {})]
    assert control[:3] == [TRAINED, MATRICES, "unseen tasks"]
    assert control[3:] == [
        "unseen kind: gaussian",
        "unseen kind: padding",
        "unseen kind: tiling",
        "unseen dynamics",
    ]
    assert [axis.name for axis in axes_of("MetaCartPole-v0", {"parity": True})] == control[:2]
    held_out = {axis.name: axis.keywords for axis in axes_of("MetaControlHeldOut-v0", {})}
    assert held_out[MATRICES] == {"split": "train"}, "those of training are new to it"
    assert "unseen tasks" not in held_out
    assert [axis.name for axis in axes_of("PopRepeatFirstEasy-v0", {})] == [TRAINED]


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agents") / "tiny"
    command = "train --env MetaCartPole-v0 --memory gru --width 8 --num-layers 1 --encoder 8"
    sizes = "--heads 8 --num-envs 4 --rollout-steps 8 --num-minibatches 2 --epochs 1 --quiet"
    params = ["--params", '{"num_episodes": 2, "max_steps": 4}']
    runs = ["--steps", "32", "--seeds", "2", "--episodes", "2", "--out", str(folder)]
    assert train([*command.split(), *sizes.split(), *params, *runs]) == 0
    return folder


def test_the_command_writes_rows_of_every_axis_and_a_picture(
    agents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(agents), "--lives", "2", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "in_context.json").read_text())
    rows = {row["name"]: row for row in record["rows"]}
    assert {f"tiny, {TRAINED}", f"tiny, {MATRICES}", f"random actions, {TRAINED}"} <= set(rows)
    trained = rows[f"tiny, {TRAINED}"]
    assert trained["n"] == 2
    assert trained["metrics"]["return"] == pytest.approx(1.0)
    assert trained["metrics"]["gain"] == pytest.approx(0.0)
    assert [part["name"] for part in trained["by"]] == [f"episode {n}" for n in range(4)]
    published = {reference["name"]: reference for reference in record["reference"]}
    assert published["S5, published"]["metrics"]["mmer"] == 6.83
    assert (tmp_path / "MetaCartPole-v0" / "in_context-curves.png").stat().st_size > 10_000
    assert "unseen matrices" in capsys.readouterr().out


def test_memories_are_compared_at_matched_numbers_of_weights() -> None:
    wanted = num_weights(matched("s5"))
    for memory in MEMORIES:
        assert num_weights(matched(memory)) == pytest.approx(wanted, rel=0.07)


def test_costs_come_for_every_length() -> None:
    named: list[str] = []
    costs = list(measure(["mlp"], [2, 64], 0, named.append))
    assert [(each.memory, each.length) for each in costs] == [("mlp", 2), ("mlp", 64)]
    assert named == ["mlp, 2 steps", "mlp, 64 steps"]
    assert costs[1].mebibytes > costs[0].mebibytes > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lives", "1"], "--lives must be at least 2, got 1"),
        (["--episodes", "0"], "--episodes must be at least 1, got 0"),
        (["--scaling", "nowhere"], "--scaling measures new networks"),
        (["--scaling", "--lengths", "1"], "--lengths are numbers of at least 2"),
        (["nowhere"], "nowhere has no checkpoint: give the --out of"),
    ],
)
def test_bad_usage_is_one_line_and_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in " ".join(error.split())
    assert error.count("\n") == 1
