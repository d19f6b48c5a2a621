"""The shipped agents do what their cards say."""

import functools
import json
import shlex
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from jaxtyping import Float

from envs.assets import asset_path
from evaluation.contexts.lives import play
from evaluation.contexts.study import find_runs
from worldmodels.incontext import __main__
from worldmodels.incontext.config import read_config
from worldmodels.incontext.player import load_agent
from worldmodels.incontext.problem import find_problem

FOLDERS: Final = sorted(asset_path("checkpoints").glob("incontext-*"))
NUM_LIVES: Final = 48
LATER: Final = 8  # inner episode, by which an agent knows the map that it sees through


def folder_of(name: str) -> Path:
    return asset_path("checkpoints") / f"incontext-{name}"


@functools.cache
def returns_of(
    name: str, num_episodes: int, is_random: bool = False
) -> Float[np.ndarray, " episodes"]:
    """Mean return of each inner episode of the agent of seed 0, or of random actions."""
    runs = find_runs(folder_of(name))
    keywords = runs.keywords | ({"num_episodes": num_episodes} if num_episodes > 1 else {})
    problem = find_problem(runs.run["env"], runs.run["obs"], keywords, runs.run["sees_action"])
    agent = None if is_random else load_agent(runs.checkpoints[0], problem)[0]
    return np.nanmean(play(problem, NUM_LIVES, num_episodes)(agent, 0).returns, axis=0)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_has_what_a_reader_wants_and_not_what_only_training_needs(folder: Path):
    assert {path.name for path in folder.iterdir()} >= {"README.md", "curve.png", "train.json"}
    assert not list(folder.rglob("training.safetensors"))
    runs = find_runs(folder)
    assert len(runs.checkpoints) == 3
    for checkpoint in runs.checkpoints:
        last = json.loads((checkpoint.parent / "metrics.jsonl").read_text().splitlines()[-1])
        assert int(checkpoint.name.removeprefix("checkpoint-")) == last["update"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_command_of_a_card_is_the_one_that_was_given(folder: Path):
    text = (folder / "README.md").read_text().split("```bash\n")[1].replace("\\\n", "")
    words = shlex.split(text.splitlines()[0])
    assert words[:3] == ["python", "-m", "worldmodels.incontext"]
    command = __main__.parse(words[3:])
    config = json.loads((folder / "train.json").read_text())["config"]
    assert command.ppo == read_config(config)
    assert (command.env, command.steps) == (config["env"], config["steps"])
    assert __main__.read_params(command.params) == config["params"]
    assert config["seeds"] == list(range(command.seed, command.seed + command.seeds))


def test_s5_remembers_a_bit_for_64_steps_and_a_network_without_memory_does_not():
    assert returns_of("memorychain-s5", 1)[0] > 0.95
    assert abs(returns_of("memorychain-mlp", 1)[0]) < 0.5


def test_an_agent_learns_behind_which_map_it_is():
    returns = returns_of("metacartpole-s5", LATER + 2)
    assert returns[LATER:].mean() > returns[0] + 0.1
    assert (
        returns[LATER:].mean()
        > 1.5 * returns_of("metacartpole-s5", LATER + 2, is_random=True).mean()
    )
