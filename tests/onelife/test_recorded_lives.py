"""Recorded lives: round trip, damage, and the life that ships with the package."""

import gzip
import json
from pathlib import Path

import pytest

from envs.assets import asset_path
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.scripted import ScriptedPlayer
from envs.crafter_oo.serialise import canonical
from envs.crafter_oo.state import WorldState, check_invariants
from worldmodels.onelife.record import main
from worldmodels.onelife.trajectories import load, save


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
    save(path, first, steps, {"num_steps": num_steps})
    return life


def test_a_life_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "life.jsonl.gz"
    life = saved(path, 120)
    transitions = load(path)
    assert [step.action for step in transitions] == [action for action, _ in life[1:]]
    for step, (_, before), (_, after) in zip(transitions, life, life[1:], strict=False):
        assert canonical(step.state) == canonical(before)
        assert canonical(step.next_state) == canonical(after)
    assert list(tmp_path.iterdir()) == [path]


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
        (2, '{"size": [3]}', "line 2: state"),
        (5, '{"action": "jump", "changes": []}', "line 5: an action is"),
        (5, '{"action": "noop"}', "line 5"),
        (5, "{", "damaged"),
        (5, '{"action": "noop", "changes": [{"op": "remove", "path": "/x"}]}', "line 5"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: int, text: str, message: str) -> None:
    path = tmp_path / "life.jsonl.gz"
    saved(path)
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    lines[line - 1] = text
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    with pytest.raises(ValueError, match=message):
        load(path)


def test_missing_steps_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "life.jsonl.gz"
    saved(path)
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    path.write_bytes(gzip.compress("\n".join(lines[:-3]).encode()))
    with pytest.raises(ValueError, match="the header says 30 steps"):
        load(path)


def test_the_shipped_life_is_what_the_command_records() -> None:
    path = asset_path("trajectories", "scripted_life.jsonl.gz")
    header = json.loads(gzip.decompress(path.read_bytes()).split(b"\n")[0])
    transitions = load(path)
    assert len(transitions) == header["num_steps"]
    again = live(header["seed"], 60)
    assert canonical(transitions[59].next_state) == canonical(again[60][1])
    check_invariants(transitions[-1].next_state)
    assert len(transitions[-1].next_state.player.achievements.unlocked()) >= 17


def test_the_command_writes_a_life(tmp_path: Path) -> None:
    path = tmp_path / "a" / "life.jsonl.gz"
    assert main(["--steps", "20", "--seed", "1", "--out", str(path), "--quiet"]) == 0
    assert len(load(path)) == 20
    assert main(["--steps", "0", "--out", str(path)]) == 2


def test_the_scripted_player_crafts_within_300_steps() -> None:
    achieved = [live(seed, 250)[-1][1].player.achievements for seed in (0, 2, 4, 7)]
    assert sum(a.place_table > 0 and a.make_wood_pickaxe > 0 for a in achieved) >= 3
