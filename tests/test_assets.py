"""Sprites: the committed files are what the script draws; the finder finds them."""

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from envs import assets
from envs.assets import asset_path
from envs.crafter_oo.render import item_sprite_name
from envs.crafter_oo.tables import ITEMS, OBJECT_KINDS, Material
from envs.render import load_sprite, resize

FACINGS = ("left", "right", "up", "down")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parent.parent / "assets" / "make_sprites.py"
    spec = importlib.util.spec_from_file_location("make_sprites", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_committed_sprites_are_what_the_script_draws(script: ModuleType) -> None:
    drawn = script.draw_sprites()
    committed = {path.stem: load_sprite(path) for path in asset_path("sprites").glob("*.png")}
    assert sorted(drawn) == sorted(committed)
    for name, sprite in drawn.items():
        np.testing.assert_array_equal(sprite, committed[name], err_msg=name)


def test_another_seed_changes_the_ground_and_no_figure(script: ModuleType) -> None:
    drawn, other = script.draw_sprites(), script.draw_sprites(seed=1)
    assert not np.array_equal(drawn["grass"], other["grass"])
    assert np.array_equal(drawn["zombie"], other["zombie"])


def test_script_writes_into_the_folder_it_is_given(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["make_sprites.py", "--out", str(tmp_path / "new")])
    script.main()
    written = load_sprite(tmp_path / "new" / "cow.png")
    np.testing.assert_array_equal(written, script.draw_sprites()["cow"])


def test_every_picture_of_the_game_has_a_sprite() -> None:
    names = [material.slug for material in Material if material]
    names += [item_sprite_name(item) for item in ITEMS]
    names += [f"player-{way}" for way in (*FACINGS, "sleep")]
    names += [f"arrow-{way}" for way in FACINGS]
    names += [kind for kind in OBJECT_KINDS if kind not in ("player", "arrow")]
    names += ["plant-ripe", "unknown", *"123456789"]
    for name in names:
        assert load_sprite(asset_path("sprites", f"{name}.png")).shape == (16, 16, 4), name


def test_materials_are_opaque_and_figures_are_not() -> None:
    for material in Material:
        if material:
            assert load_sprite(asset_path("sprites", f"{material.slug}.png"))[..., 3].min() == 255
    for kind in ("cow", "zombie", "skeleton", "player-down", "plant", "fence", "arrow-up"):
        assert load_sprite(asset_path("sprites", f"{kind}.png"))[..., 3].min() == 0


@pytest.mark.parametrize("side", [4, 9, 38])  # at 64, 144 and 576 pixels
def test_digits_can_be_told_apart_at_every_size(side: int) -> None:
    digits = [
        resize(load_sprite(asset_path("sprites", f"{n}.png")), side, side) for n in range(1, 10)
    ]
    for one, other in itertools.combinations(digits, 2):
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("side", [7, 16])
def test_materials_and_creatures_differ_clearly_at_every_size(side: int) -> None:
    grass = load_sprite(asset_path("sprites", "grass.png"))[..., :3].astype(float)
    pictures = {}
    names = [material.slug for material in Material if material]
    for name in [*names, "cow", "zombie", "skeleton", "plant", "plant-ripe", "player-down"]:
        sprite = load_sprite(asset_path("sprites", f"{name}.png")).astype(float)
        opacity = sprite[..., 3:] / 255
        over = sprite[..., :3] * opacity + grass * (1 - opacity)
        pictures[name] = resize(over.astype(np.uint8), side, side).astype(float)
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(pictures[one] - pictures[other]).mean() > 10, (one, other)


def test_missing_asset_is_named_with_the_remedy() -> None:
    with pytest.raises(FileNotFoundError, match=r"sprites/dragon\.png.*make_sprites"):
        asset_path("sprites", "dragon.png")


def test_assets_of_an_installed_wheel_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, checkout = tmp_path / "envs" / "_assets", tmp_path / "assets"
    for folder in (installed, checkout):
        (folder / "sprites").mkdir(parents=True)
    (checkout / "extra.txt").touch()
    monkeypatch.setattr(assets, "_FOLDERS", (installed, checkout))
    assert asset_path("sprites") == installed / "sprites"
    assert asset_path("extra.txt") == checkout / "extra.txt"
