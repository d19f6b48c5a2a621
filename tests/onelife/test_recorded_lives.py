"""Recorded lives: round trip, damage, and the life that ships with the package."""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import jsonpatch
import numpy as np
import pytest

from envs.assets import asset_path
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.scripted import ScriptedPlayer
from envs.crafter_oo.serialise import canonical
from envs.crafter_oo.state import WorldState, check_invariants
from worldmodels.onelife.crafter.world import CrafterWorld
from worldmodels.onelife.homestead.world import HomesteadWorld
from worldmodels.onelife.record import main
from worldmodels.onelife.trajectories import _changes, load, read_header, save
from worldmodels.onelife.worlds import World

CRAFTER = CrafterWorld()
HOMESTEAD = HomesteadWorld()


def live(
    seed: int, num_steps: int, area: tuple[int, int] = (64, 64)
) -> list[tuple[str, WorldState]]:
    state = initial_state(area=area, seed=seed)
    player, steps = ScriptedPlayer(seed), [("", state)]
    for _ in range(num_steps):
        action = player.act(state)
        state, _ = transition(state, action)
        steps.append((action.slug, state))
    return steps


def saved(path: Path, num_steps: int = 30) -> list[tuple[str, WorldState]]:
    (_, first), *steps = life = live(3, num_steps, area=(16, 16))
    save(path, CRAFTER, first, steps, {"num_steps": num_steps})
    return life


def rewrite(path: Path, line: int, text: str) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    lines[line - 1] = text
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def test_a_life_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "life.jsonl.gz"
    life = saved(path, 120)
    transitions = load(path)
    assert [step.action for step in transitions] == [action for action, _ in life[1:]]
    for step, (_, before), (_, after) in zip(transitions, life, life[1:], strict=False):
        assert canonical(step.state) == canonical(before)
        assert canonical(step.next_state) == canonical(after)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("world", [CRAFTER, HOMESTEAD], ids=lambda world: world.name)
def test_a_life_of_any_world_survives_the_file(world: World[Any], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    states, actions = [world.initial(4)], random.choice(world.actions, 60).tolist()
    for action in actions:
        states.append(world.step(states[-1], action))
    header = {"num_steps": 60, "explorer": "chance", "seed": 4}
    save(tmp_path / "life", world, states[0], zip(actions, states[1:], strict=True), header)
    assert read_header(tmp_path / "life") == {**header, "format_version": 1, "world": world.name}
    life = load(tmp_path / "life")
    assert [step.action for step in life] == actions
    read = [life[0].state, *(step.next_state for step in life)]
    assert list(map(world.to_dict, read)) == list(map(world.to_dict, states))
    for step, following in itertools.pairwise(life):
        assert step.next_state is following.state


def test_an_action_that_the_world_does_not_know_is_not_recorded(tmp_path: Path) -> None:
    first = HOMESTEAD.initial(0)
    with pytest.raises(ValueError, match=r"an action of homestead is one of .*; got 'noop'"):
        save(tmp_path / "life", HOMESTEAD, first, [("noop", first)], {"num_steps": 1})
    assert not (tmp_path / "life").exists()


def test_a_header_without_an_explorer_says_so(tmp_path: Path) -> None:
    saved(tmp_path / "life")
    assert read_header(tmp_path / "life")["explorer"] == "unknown"


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "life.jsonl.gz"
    saved(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"after line \d+: the file is damaged"):
        load(path)


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, '{"format_version": 99}', "line 1: expected a header of format version 1"),
        (1, '{"format_version": 1}', "line 1: expected a world, one of .*, got None"),
        (1, '{"format_version": 1, "world": "mars"}', "line 1: expected a world, .* got 'mars'"),
        (1, '{"format_version": 1, "world": []}', r"line 1: expected a world, .* got \[\]"),
        (1, '{"format_version": 1, "world": "homestead"}', "line 2: state"),
        (2, '{"objects": [{}]}', "line 2: state"),
        (2, "{}", "line 2"),
        (5, '{"action": "jump", "changes": []}', "line 5: an action of crafter_oo is one of"),
        (5, '{"action": "noop"}', "line 5"),
        (5, "{", "damaged"),
        (5, '{"action": "noop", "changes": [{"op": "remove", "path": "/x"}]}', "line 5"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: int, text: str, message: str) -> None:
    path = tmp_path / "life.jsonl.gz"
    saved(path)
    rewrite(path, line, text)
    with pytest.raises(ValueError, match=message):
        load(path)


def test_missing_steps_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "life.jsonl.gz"
    saved(path)
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    path.write_bytes(gzip.compress("\n".join(lines[:-3]).encode()))
    with pytest.raises(ValueError, match="the header says 30 steps"):
        load(path)


def test_the_shipped_life_is_what_the_command_records(tmp_path: Path) -> None:
    path = asset_path("trajectories", "scripted_life.jsonl.gz")
    header, *rest = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert (header["world"], header["player"]) == ("CrafterOO", "envs.crafter_oo.scripted")
    assert read_header(path) == {
        **header,
        "world": "crafter_oo",
        "explorer": "envs.crafter_oo.scripted",
    }
    assert len(rest) == 1 + header["num_steps"]
    begin = [{**header, "num_steps": 60}, *rest[:61]]  # all of it would take a minute
    (tmp_path / "begin").write_bytes(gzip.compress("\n".join(map(json.dumps, begin)).encode()))
    again = live(header["seed"], 60)
    assert canonical(load(tmp_path / "begin")[59].next_state) == canonical(again[60][1])
    first, *steps = rest
    data = CRAFTER.to_dict(CRAFTER.from_dict(first))
    for step in steps:
        jsonpatch.apply_patch(data, step["changes"], in_place=True)
    last = CRAFTER.from_dict(data)
    check_invariants(last)
    assert len(last.player.achievements.unlocked()) >= 17


def test_the_command_writes_a_life(tmp_path: Path) -> None:
    path = tmp_path / "a" / "life.jsonl.gz"
    assert main(["--steps", "20", "--seed", "1", "--out", str(path), "--quiet"]) == 0
    assert len(load(path)) == 20
    header = read_header(path)
    assert (header["world"], header["explorer"], header["seed"], header["num_steps"]) == (
        "crafter_oo",
        "envs.crafter_oo.scripted",
        1,
        20,
    )
    assert main(["--steps", "0", "--out", str(path)]) == 2


def test_the_scripted_player_crafts_within_300_steps() -> None:
    assert sum(map(crafts, (0, 2, 4, 7))) >= 3


def crafts(seed: int) -> bool:
    state, player = initial_state(seed=seed), ScriptedPlayer(seed)
    for _ in range(250):
        state, _ = transition(state, player.act(state))
        achieved = state.player.achievements
        if achieved.place_table > 0 and achieved.make_wood_pickaxe > 0:
            return True
    return False


@pytest.mark.parametrize("objects", [None, [], {}, "cow"])
def test_a_state_without_objects_is_told(objects: Any) -> None:
    data = CRAFTER.to_dict(initial_state(area=(9, 9), seed=0)) | {"objects": objects}
    if objects is None:
        del data["objects"]
    with pytest.raises(ValueError, match="needs the list 'objects', the player first; got"):
        CRAFTER.from_dict(data)


THINGS_BEFORE = [
    {"kind": "hen", "id": 1, "position": [10, 5], "brood": 0},
    {"kind": "hen", "id": 2, "position": [4, 2], "brood": 0},
    {"kind": "hen", "id": 3, "position": [6, 8], "brood": 0},
    {"kind": "hen", "id": 8, "position": [7, 12], "brood": 0},
    {"kind": "fox", "id": 12, "position": [3, 5], "nerve": 1, "patience": 2},
    {"kind": "hen", "id": 14, "position": [11, 5], "brood": 0},
    {"kind": "fox", "id": 15, "position": [7, 2], "nerve": 3, "patience": 0},
]
THINGS_AFTER = [
    {"kind": "hen", "id": 1, "position": [10, 5], "brood": 0},
    {"kind": "hen", "id": 2, "position": [4, 2], "brood": 0},
    {"kind": "hen", "id": 3, "position": [5, 8], "brood": 0},
    {"kind": "hen", "id": 8, "position": [7, 12], "brood": 0},
    {"kind": "hen", "id": 14, "position": [11, 5], "brood": 0},
    {"kind": "fox", "id": 15, "position": [6, 2], "nerve": 3, "patience": 0},
]


def test_changes_lead_to_the_next_state_where_the_library_errs() -> None:
    """Two creatures of one list move as a third vanishes: jsonpatch 1.33 writes an index of -1."""
    before, after = {"things": THINGS_BEFORE}, {"things": THINGS_AFTER}
    assert jsonpatch.apply_patch(before, _changes(before, after)) == after
