"""What is loaded when, and that ids are found in processes that start afresh."""

import json
import multiprocessing
import subprocess
import sys

import gymnasium
import pytest

from envs.catalog import CATALOG, World, register_world

HEAVY = ("jax", "torch", "pyro", "pygame", "matplotlib")
FIRST = {
    row.core.rsplit(".", 1)[0]: name for name, row in CATALOG.items() if not name.startswith("Toy")
}.values()
"""An id of each folder of worlds, since a process of its own takes seconds to start."""


def loaded_after(code: str) -> list[str]:
    """Which heavy packages a fresh interpreter has loaded after running `code`."""
    report = f"import sys, json; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], check=True, capture_output=True, text=True
    )
    loaded: list[str] = json.loads(out.stdout.splitlines()[-1])
    return loaded


def test_import_envs_loads_nothing_heavy() -> None:
    assert loaded_after("import envs") == []


def test_the_interface_and_the_adapter_load_nothing_heavy() -> None:
    assert loaded_after("import envs.core, envs.episode, envs.gym_adapter") == []


def test_the_command_line_of_play_loads_nothing_heavy() -> None:
    assert loaded_after("import envs.play") == []


def test_make_of_crafter_loads_neither_jax_nor_torch() -> None:
    code = (
        "import envs, gymnasium\n"
        "env = gymnasium.make('CrafterOO-v0', render_mode='rgb_array')\n"
        "env.reset(seed=0); env.step(0); env.render()\n"
    )
    assert loaded_after(code) == []


@pytest.mark.parametrize("name", FIRST)
def test_the_prefixed_id_works_in_a_spawned_process(name: str) -> None:
    code = f"import gymnasium; gymnasium.make('envs:{name}').reset(seed=0)"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_run, (code,)) == "ok"


def _run(code: str) -> str:
    exec(code, {})
    return "ok"


def test_registering_twice_changes_nothing(world: World) -> None:
    before = gymnasium.spec(world.id)
    register_world(world)
    assert gymnasium.spec(world.id) is before


def test_every_row_names_a_version_note(world: World) -> None:
    assert world.versions
    assert world.id.rsplit("-v", 1)[1] in world.versions
