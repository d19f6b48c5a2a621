"""The viewer without a display: a scripted person posts key events, the clock is made of paper."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest
from PIL import Image
from toys import WALK, WalkParams

import envs.play
from envs.catalog import CATALOG, find_world, load_core, make_params
from envs.play import PlayConfig, Recording, Session, main, parse_params, parse_size
from envs.viewer import Window, key_code

Shown = list[tuple[dict[str, dict[str, Any]], str]]
Script = list[list[pygame.event.Event]]
Play = Callable[..., Shown]
Watch = Callable[[Script], Shown]

KERNELS = {
    "CrafterOO-v0": "worldmodels.kernel:kernel_model",
    "Homestead-v0": "worldmodels.onelife.homestead.kernel:HomesteadKernel",
}


def down(key: str) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN, key=key_code(key))


def up(key: str) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYUP, key=key_code(key))


def tap(key: str) -> list[pygame.event.Event]:
    return [down(key), up(key)]


QUIT = pygame.event.Event(pygame.QUIT)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watch]:
    """Has windows follow a script, and gives what they show.

    Each entry of the script is what happens during one wait; the window is closed after the last.
    A wait lasts as long as the program asks for: one tick of the game.
    """
    monkeypatch.chdir(tmp_path)
    now = [0.0]
    ask = Window.events
    draw = Window.show

    def follow(script: Script) -> Shown:
        waits = iter(script)
        shown: Shown = []

        def events(window: Window, milliseconds: int) -> list[tuple[str, str]]:
            for event in next(waits, [QUIT]):
                pygame.event.post(event)
            now[0] += milliseconds / 1000
            return ask(window, 0)

        def show(window: Window, frame: Any, panel: Any, notice: str = "") -> None:
            shown.append((panel, notice))
            draw(window, frame, panel, notice)

        monkeypatch.setattr(Window, "events", events)
        monkeypatch.setattr(Window, "show", show)
        monkeypatch.setattr(envs.play.time, "monotonic", lambda: now[0])
        return shown

    yield follow
    pygame.display.quit()


@pytest.fixture
def play(watch: Watch) -> Play:
    """Plays a script in a toy world and gives what the window showed."""

    def run(script: Script, **options: Any) -> Shown:
        shown = watch(script)
        params = WalkParams(**{"width": 7, "span": (1, 2), **options.pop("params", {})})
        config = PlayConfig(world=WALK.id, **{"seed": 3, **options})
        Session(WALK, params, (160, 90), config).run()
        return shown

    return run


@pytest.fixture
def dream(watch: Watch) -> Play:
    """Plays a script inside the kernel of a world and gives what the window showed."""

    def run(script: Script, world: str, **options: Any) -> Shown:
        shown = watch(script)
        argv = [world, "--world-model", KERNELS[world], "--size", "64x64"]
        for name, value in {"seed": 3, **options}.items():
            argv += [f"--{name}", str(value)]
        assert main(argv) == 0
        return shown

    return run


def last(shown: Shown, section: str, label: str) -> Any:
    return shown[-1][0][section][label]


def status(shown: Shown, label: str) -> Any:
    return last(shown, WALK.id, label)


def cell(shown: Shown) -> int:
    place: int = last(shown, "place", "cell")[0]
    return place


def test_real_time_passes_without_a_key(play: Play) -> None:
    shown = play([[], [], []])
    assert status(shown, "step") == 3 + 1  # the wait that ends with closing the window counts
    assert cell(shown) == 1


def test_a_tap_is_one_step(play: Play) -> None:
    assert cell(play([tap("d"), [], []])) == 2


def test_a_held_key_repeats_each_step_until_released(play: Play) -> None:
    assert cell(play([[down("d")], [], [up("d")], [], []])) == 3


def test_a_new_press_goes_before_the_held_key(play: Play) -> None:
    shown = play([[down("d")], [down("a"), up("a")], []])
    assert [panel["place"]["cell"][0] for panel, _ in shown][:4] == [1, 2, 1, 2]


def test_two_quick_taps_are_both_played(play: Play) -> None:
    assert cell(play([tap("d") + tap("d"), [], []])) == 3


def test_losing_the_focus_lets_go_of_held_keys(play: Play) -> None:
    blur = pygame.event.Event(pygame.WINDOWFOCUSLOST)
    assert cell(play([[down("d")], [blur], [], []])) == 2


def test_turn_based_waits_for_a_key(play: Play) -> None:
    shown = play([[], [], tap("d"), [], []], turn_based=True)
    assert (status(shown, "step"), cell(shown)) == (1, 2)


def test_turn_based_lets_time_pass_while_the_agent_sleeps(play: Play) -> None:
    shown = play([tap("d"), [], [], []], turn_based=True, params={"span": (4, 5)})
    assert cell(shown) == 5
    assert status(shown, "step") > 2


def test_pause_stops_time_and_period_steps_once(play: Play) -> None:
    shown = play([tap("return"), [], [], tap("period"), []])
    assert status(shown, "step") == 1
    assert shown[-1][1] == "paused"


def test_pause_ends_with_the_same_key(play: Play) -> None:
    assert status(play([tap("f1"), tap("f1"), []]), "step") == 3


def test_backspace_begins_the_same_world_again(play: Play) -> None:
    shown = play([tap("d"), tap("return"), tap("backspace")])
    assert [status(shown, label) for label in ("seed", "episode", "step", "return")] == [3, 1, 0, 0]
    assert cell(shown) == 1


def test_f2_begins_the_next_world(play: Play) -> None:
    shown = play([tap("return"), tap("f2")])
    assert (status(shown, "seed"), status(shown, "episode")) == (3, 2)


def test_the_end_of_an_episode_stops_time_and_says_what_to_press(play: Play) -> None:
    shown = play([tap("d"), [], [], []], params={"width": 2})
    assert status(shown, "step") == 1
    assert shown[-1][1] == "the end - Backspace: again, F2: new world"


def test_time_up_is_told_apart_from_the_end(play: Play) -> None:
    assert play([[], [], []], params={"length": 2})[-1][1].startswith("time is up")


def test_return_adds_up_rewards(play: Play) -> None:
    shown = play([[down("d")], [], []])
    assert (status(shown, "reward"), status(shown, "return")) == (1.0, 4.0)


def test_escape_quits(play: Play) -> None:
    assert status(play([tap("return"), tap("escape"), tap("period"), tap("period")]), "step") == 0


def test_record_writes_one_frame_per_state(play: Play, tmp_path: Path) -> None:
    play([[down("d")], []], record=tmp_path / "game.gif")
    with Image.open(tmp_path / "game.gif") as movie:
        assert (movie.size, movie.n_frames) == ((160, 90), 3 + 1)
        assert movie.info["duration"] == 200
    assert [path.name for path in tmp_path.iterdir()] == ["game.gif"]


def test_f5_starts_and_stops_a_recording(play: Play, tmp_path: Path) -> None:
    shown = play([tap("f5"), tap("d"), tap("f5"), tap("f5"), []])
    assert {path.name for path in tmp_path.iterdir()} == {"ToyWalk-v0.gif", "ToyWalk-v0-2.gif"}
    assert "saved ToyWalk-v0.gif" in [notice for _, notice in shown]


def test_screenshot_saves_the_window(play: Play, tmp_path: Path) -> None:
    play([tap("return"), tap("f12")])
    with Image.open(tmp_path / "ToyWalk-v0-step0.png") as picture:
        assert picture.size[0] > 160
        assert len(picture.getcolors(100_000)) > 10, "a panel is drawn beside the picture"


def test_the_frame_is_shown_as_drawn() -> None:
    window = Window("test", (500, 520))
    frame = np.random.default_rng(0).integers(0, 256, (520, 500, 3), np.uint8)
    window.show(frame, {})
    np.testing.assert_array_equal(window.pixels()[:, :500], frame)
    window.close()
    window.close()


def test_a_ticked_box_and_a_full_bar_look_different() -> None:
    window = Window("test", (64, 64))
    pictures = []
    for panel in (
        {"a": {"x": False}},
        {"a": {"x": True}},
        {"a": {"x": (1, 9)}},
        {"a": {"x": (9, 9)}},
    ):
        window.show(np.zeros((64, 64, 3), np.uint8), panel)
        pictures.append(window.pixels().copy())
    assert len({picture.tobytes() for picture in pictures}) == 4
    window.close()


def test_a_long_panel_is_drawn_inside_the_window() -> None:
    window = Window("test", (64, 64))
    panel = {f"section {i}": {f"value {j}": j for j in range(12)} for i in range(6)}
    window.show(np.zeros((64, 64, 3), np.uint8), panel)
    bottom = window.pixels()[-8:, -200:]
    assert (bottom == bottom[0, 0]).all(), "nothing runs over the lower edge"
    window.close()


def test_a_wrong_key_name_is_refused() -> None:
    with pytest.raises(ValueError, match="pygame knows no key 'lefty'"):
        key_code("lefty")


@pytest.mark.parametrize("world", [name for name in CATALOG if not name.startswith("Toy")])
def test_no_world_uses_a_key_of_the_viewer(world: str) -> None:
    core = load_core(find_world(world))
    keys = core.keys()
    assert keys or isinstance(core, envs.play.Pointable)
    assert not set(keys) & {key for keys in envs.play.CONTROLS.values() for key in keys}
    assert len({key_code(name) for name in keys}) == len(keys)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["Nope-v0"], "no world is called 'Nope-v0'; there are: CrafterOO-v0"),
        (["CrafterOO-v0", "--size", "600"], "--size is WIDTHxHEIGHT"),
        (["CrafterOO-v0", "--size", "2x2"], "--size is WIDTHxHEIGHT"),
        (["CrafterOO-v0", "--fps", "0"], "--fps is above 0"),
        (["CrafterOO-v0", "--seed", "-1"], "--seed is 0 or more"),
        (["CrafterOO-v0", "--record", "game.mp4"], "--record writes a .gif file"),
        (["CrafterOO-v0", "--record", "nowhere/game.gif"], "there is no nowhere"),
        (["CrafterOO-v0", "--params", "[1]"], "--params is a JSON object"),
        (["CrafterOO-v0", "--params", '{"colour": 1}'], "no keyword colour"),
        (["CrafterOO-v0", "--load", "nowhere.json"], "--load cannot read nowhere.json"),
        (["CrafterOO-v0", "--world-model", "nowhere"], "--world-model: world model 'nowhere' is"),
        (
            ["Homestead-v0", "--world-model", KERNELS["CrafterOO-v0"]],
            "kernel_model' cannot dream of homestead",
        ),
    ],
)
def test_bad_usage_is_one_line_and_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_damaged_state_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "state.json"
    damaged.write_text('{"size": ')
    assert main(["CrafterOO-v0", "--load", str(damaged)]) == 2
    error = capsys.readouterr().err
    assert str(damaged) in error
    assert error.count("\n") == 1


def test_sizes_and_params_are_read() -> None:
    assert parse_size("640x480") == (640, 480)
    assert parse_params('{"area": [32, 32]}') == {"area": [32, 32]}


def test_a_recording_is_exact_where_the_palette_allows(tmp_path: Path) -> None:
    frames = [np.full((8, 9, 3), shade, np.uint8) for shade in (0, 128, 255)]
    recording = Recording(tmp_path / "a.gif", fps=10.0)
    for frame in frames:
        recording.add(frame)
    with Image.open(recording.save()) as movie:
        for index, frame in enumerate(frames):
            movie.seek(index)
            np.testing.assert_array_equal(np.asarray(movie.convert("RGB")), frame)


def test_a_saved_crafter_state_can_be_played_on(tmp_path: Path) -> None:

    world = find_world("CrafterOO-v0")
    core = load_core(world)
    state = core.initial((1, 1), make_params(world, {"area": [16, 16]}))
    path = tmp_path / "state.json"
    path.write_text(core.dumps(state))
    assert json.loads(path.read_text())
    assert core.dumps(envs.play.load_state(world, path)) == core.dumps(state)


def test_a_held_arrow_key_pushes_a_body_and_no_key_lets_go(watch: Watch) -> None:
    shown = watch([[down("right")], [], [up("right")], [], []])
    assert main(["Control/PointMassEasy-v0", "--seed", "3", "--size", "64x64"]) == 0
    speeds = [panel["PointMassEasy"]["speed x"] for panel, _ in shown]
    assert speeds[0] == 0 < speeds[1] < speeds[2]
    assert speeds[2] > speeds[-1] > 0
    assert last(shown, "PointMassEasy", "speed y") == 0


each_dreamt = pytest.mark.parametrize("world", KERNELS)


@each_dreamt
def test_a_dream_is_played_and_says_that_it_is_one(
    world: str, dream: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    monkeypatch.setattr(pygame.display, "set_caption", titles.append)
    shown = dream([tap("d"), tap("s"), []], world)
    assert titles == [f"{world} as dreamt by {KERNELS[world]}"]
    assert last(shown, world, "step") == 4
    assert last(shown, "a dream", "model") == KERNELS[world].split(":")[1]


@each_dreamt
def test_the_same_keys_give_the_same_dream(world: str, dream: Play, tmp_path: Path) -> None:
    saved = []
    for seed in (3, 3, 4):
        dream([tap("d"), tap("s"), tap("d"), [], tap("return"), tap("f6")], world, seed=seed)
        (file,) = tmp_path.glob("*.json")
        saved.append(file.read_text())
        file.unlink()
    assert saved[0] == saved[1] != saved[2]


@each_dreamt
def test_a_dream_goes_otherwise_than_the_world(world: str, dream: Play) -> None:
    shown = dream([[] for _ in range(30)], world)
    counts = [panel["a dream"]["values unlike a true step"] for panel, _ in shown]
    assert counts[0] == 0
    assert max(counts) > 0
    assert counts[-1] < 60, "creatures that move otherwise, not another world"


def test_a_step_is_compared_from_the_state_before_it(
    dream: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hours(dream: Any, state: Any, action: int, next_state: Any, params: Any) -> int:
        passed: int = next_state.hour - state.hour
        return passed

    monkeypatch.setattr("worldmodels.onelife.dreams.Dream.num_differences", hours)
    assert last(dream([[], []], "Homestead-v0"), "a dream", "values unlike a true step") == 1


def test_a_new_game_has_no_difference_yet(dream: Play) -> None:
    script = [*([] for _ in range(30)), tap("return"), tap("backspace")]
    assert last(dream(script, "Homestead-v0"), "a dream", "values unlike a true step") == 0


def test_a_saved_state_can_be_dreamt_on(dream: Play, tmp_path: Path) -> None:
    world = find_world("Homestead-v0")
    core = load_core(world)
    state = core.initial((1, 1), make_params(world, {}))
    state.farmer.basket["egg"] = 7
    (tmp_path / "farm.json").write_text(core.dumps(state))
    shown = dream([tap("return")], world.id, load="farm.json")
    assert last(shown, "basket", "egg") == 7


def test_the_true_world_is_no_dream(play: Play) -> None:
    assert "a dream" not in play([[]])[-1][0]


@pytest.mark.display
@pytest.mark.skipif(
    not all(map(shutil.which, ("Xvfb", "xdotool", "xwininfo"))),
    reason="needs Xvfb, xdotool and xwininfo",
)
def test_real_keys_reach_a_real_window(tmp_path: Path) -> None:
    screen = ":97"
    with subprocess.Popen(["Xvfb", screen, "-screen", "0", "1280x1024x24"]) as server:
        try:
            _drive(screen, tmp_path)
        finally:
            server.terminate()


def _drive(screen: str, folder: Path) -> None:
    surroundings = {k: v for k, v in os.environ.items() if k != "SDL_VIDEODRIVER"}
    surroundings |= {"DISPLAY": screen, "PYTHONPATH": os.getcwd()}
    time.sleep(1)
    command = [sys.executable, "-m", "envs.play", "CrafterOO-v0", "--seed", "1", "--turn-based"]
    core = load_core(find_world("CrafterOO-v0"))
    start = core.initial((1, 1), make_params(find_world("CrafterOO-v0"), {"area": [16, 16]}))
    start.player.inventory.wood = 1
    start.set_facing_material("tree")
    (folder / "start.json").write_text(core.dumps(start))
    with subprocess.Popen(
        [*command, "--load", "start.json", "--record", "game.gif"], cwd=folder, env=surroundings
    ) as player:

        def xdotool(*arguments: str) -> None:
            subprocess.run(["xdotool", *arguments], env=surroundings, check=True, timeout=60)
            time.sleep(0.7)

        tree = ["xwininfo", "-root", "-tree"]
        while (
            "CrafterOO"
            not in subprocess.run(
                tree, env=surroundings, check=True, capture_output=True, text=True
            ).stdout
        ):
            assert player.poll() is None, "the viewer ended before its window opened"
            time.sleep(0.1)
        time.sleep(2)
        for key in ("space", "t", "a", "Return", "d", "period"):  # paused from Return on
            xdotool("key", key)
        for key in ("F6", "F12", "BackSpace", "F6", "F12", "Escape"):
            xdotool("key", key)
        assert player.wait(timeout=60) == 0
    state = json.loads((folder / "CrafterOO-v0-step4.json").read_text())
    achievements = state["player"]["achievements"]
    assert (achievements["collect_wood"], achievements["place_table"]) == (1, 1)
    assert any("table" in column for column in state["materials"])
    again = json.loads((folder / "CrafterOO-v0-step0.json").read_text())
    assert again["player"]["inventory"]["wood"] == 1
    assert (folder / "CrafterOO-v0-step4.png").exists()
    with Image.open(folder / "game.gif") as movie:
        assert movie.n_frames > 1
