"""Recorded lives as Minari data sets: what is read back is what the environment would show."""

import importlib.metadata
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from envs.crafter_oo.engine import initial_state
from worldmodels.onelife.datasets import export, main
from worldmodels.onelife.trajectories import save
from worldmodels.onelife.worlds import World, world_named

CRAFTER, HOMESTEAD = world_named("crafter_oo"), world_named("homestead")
NUM_STEPS = 25


@pytest.fixture
def minari(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Minari, looking for data sets in `tmp_path / "sets"`."""
    reason = "needs the extra data: pip install 'armillary[data]'"
    pytest.importorskip("h5py", reason=reason)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    module: ModuleType = pytest.importorskip("minari", reason=reason)
    return module


def record(
    path: Path, world: World[Any], seed: int = 2, first: Any = None, is_dead: bool = False
) -> Path:
    """A life of random actions."""
    states = [world.initial(seed) if first is None else first]
    actions = np.random.default_rng(seed).choice(world.actions, NUM_STEPS).tolist()
    for action in actions:
        states.append(world.step(states[-1], action))
    if is_dead:
        states[-1].farmer.vigour = 0
    header = {"num_steps": NUM_STEPS, "seed": seed, "explorer": "chance"}
    save(path, world, states[0], zip(actions, states[1:], strict=True), header)
    return path


@pytest.mark.parametrize(
    ("world", "dataset_id", "environment"),
    [
        (CRAFTER, "crafteroo/random-v0", "CrafterOO-v0"),
        (HOMESTEAD, "homestead/random-v0", "Homestead-v0"),
    ],
    ids=["crafter_oo", "homestead"],
)
def test_a_data_set_is_what_its_environment_shows(
    world: World[Any], dataset_id: str, environment: str, minari: ModuleType, tmp_path: Path
) -> None:
    life = record(tmp_path / "life", world)
    assert export(life, "random") == (dataset_id, tmp_path / "sets" / dataset_id)
    dataset = minari.load_dataset(dataset_id)
    (episode,) = dataset.iterate_episodes()
    env = dataset.recover_environment()
    assert env.spec.id == environment
    assert (dataset.observation_space, dataset.action_space) == (
        env.observation_space,
        env.action_space,
    )
    obs, _ = env.reset(seed=2)
    for time in range(NUM_STEPS):
        shown = {key: values[time] for key, values in episode.observations.items()}
        assert env.observation_space.contains(shown)
        np.testing.assert_equal(shown, obs)
        obs, reward, terminated, _, _ = env.step(episode.actions[time])
        assert (episode.rewards[time], episode.terminations[time]) == (reward, terminated)
    np.testing.assert_equal({k: v[-1] for k, v in episode.observations.items()}, obs)
    assert {len(values) for values in episode.observations.values()} == {NUM_STEPS + 1}
    assert (len(episode.actions), len(episode.rewards)) == (NUM_STEPS, NUM_STEPS)


def test_metadata_says_how_a_life_was_lived(minari: ModuleType, tmp_path: Path) -> None:
    _, folder = export(record(tmp_path / "life", HOMESTEAD, seed=9), "random")
    metadata = minari.load_dataset("homestead/random-v0").storage.metadata
    assert {key: metadata[key] for key in ("world", "seed", "explorer", "version")} == {
        "world": "homestead",
        "seed": 9,
        "explorer": "chance",
        "version": importlib.metadata.version("armillary"),
    }
    assert (metadata["algorithm_name"], metadata["total_steps"]) == ("chance", NUM_STEPS)
    (episode,) = minari.load_dataset("homestead/random-v0").storage.get_episode_metadata([0])
    assert episode["seed"] == 9
    assert sorted(path.name for path in folder.parent.iterdir()) == ["random-v0"]


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_life_ends_by_itself_or_is_cut_off(
    is_dead: bool, minari: ModuleType, tmp_path: Path
) -> None:
    export(record(tmp_path / "life", HOMESTEAD, is_dead=is_dead), "random")
    (episode,) = minari.load_dataset("homestead/random-v0").iterate_episodes()
    assert episode.terminations.tolist() == [False] * (NUM_STEPS - 1) + [is_dead]
    assert episode.truncations.tolist() == [False] * (NUM_STEPS - 1) + [not is_dead]
    assert (episode.rewards[-1] < -0.5) == is_dead, "a tenth of the vigour that was lost"


def test_the_environment_has_the_size_of_the_recorded_world(
    minari: ModuleType, tmp_path: Path
) -> None:
    first = initial_state(area=(20, 16), seed=2)
    export(record(tmp_path / "life", CRAFTER, first=first), "small")
    env = minari.load_dataset("crafteroo/small-v0").recover_environment()
    env.reset(seed=0)
    assert env.unwrapped.state.size == (20, 16)


def test_nothing_is_lossy(minari: ModuleType, tmp_path: Path) -> None:
    _, folder = export(record(tmp_path / "life", HOMESTEAD), "random")
    assert json.loads((folder / "data" / "metadata.json").read_text())["jpeg_encoding"] is False


def test_a_data_set_is_never_overwritten(minari: ModuleType, tmp_path: Path) -> None:
    life = record(tmp_path / "life", HOMESTEAD)
    _, folder = export(life, "random", tmp_path / "elsewhere")
    before = [path.read_bytes() for path in sorted((folder / "data").iterdir())]
    with pytest.raises(ValueError, match=r"there is a data set homestead/random-v0 in .* already"):
        export(life, "random", tmp_path / "elsewhere")
    assert [path.read_bytes() for path in sorted((folder / "data").iterdir())] == before
    export(life, "other", tmp_path / "elsewhere")


def test_a_failure_leaves_nothing_and_the_rest_of_a_kill_is_no_hindrance(
    minari: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del minari
    from minari.dataset.minari_storage import MinariStorage

    life = record(tmp_path / "life", HOMESTEAD)

    def fail(storage: Any, metadata: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(MinariStorage, "update_metadata", fail)
        with pytest.raises(OSError, match="no space left"):
            export(life, "random")
    assert list((tmp_path / "sets" / "homestead").iterdir()) == []
    rest = tmp_path / "sets" / "homestead" / ".random-v0.partial" / "data"
    rest.mkdir(parents=True)
    (rest / "main_data.hdf5").write_bytes(b"half")
    _, folder = export(life, "random")
    assert list(folder.parent.iterdir()) == [folder]


def test_the_command_writes_a_data_set(
    minari: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = str(record(tmp_path / "life", HOMESTEAD))
    assert main([life, "--name", "a", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"Wrote {tmp_path / 'out' / 'homestead' / 'a-v0'};" in said
    assert "minari.load_dataset('homestead/a-v0')" in said
    data = tmp_path / "out" / "homestead" / "a-v0" / "data"
    assert minari.MinariDataset(data).total_steps == NUM_STEPS
    assert main([life, "--name", "b", "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "life", "message"),
    [
        ("a b", "life", "letters, digits, - and _; got 'a b'"),
        ("../a", "life", "letters, digits, - and _; got '../a'"),
        ("a", "nowhere", "nowhere"),
        ("a", "damaged", "the file is damaged"),
        ("a", "empty", "a life of one step or more"),
    ],
)
def test_bad_usage_is_one_line_and_code_2(
    name: str,
    life: str,
    message: str,
    minari: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del minari
    record(tmp_path / "life", HOMESTEAD)
    (tmp_path / "damaged").write_text("no life")
    save(tmp_path / "empty", HOMESTEAD, HOMESTEAD.initial(0), [], {"num_steps": 0})
    out = tmp_path / "out"
    assert main([str(tmp_path / life), "--name", name, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert (said.err.count("\n"), said.out) == (1, "")
    assert not out.exists()


def test_without_minari_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    life = record(tmp_path / "life", HOMESTEAD)
    for module in ("minari", "minari.storage"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main([str(life), "--name", "a"]) == 2
    assert "pip install 'armillary[data]'" in capsys.readouterr().err
