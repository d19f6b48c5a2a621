"""Play a world: `python -m envs.play CrafterOO-v0`."""

import dataclasses
import enum
import importlib
import json
import re
import secrets
import sys
import time
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, runtime_checkable

import tyro

from envs.catalog import World, find_world, load_core, make_params
from envs.core import Frame, FunctionalEnv
from envs.episode import Episode

if TYPE_CHECKING:  # pygame is imported when the window opens: --help must answer at once
    from envs.viewer import Event

CONTROLS: Final = {
    "pause": ["return", "f1"],
    "one step": ["period"],
    "same world": ["backspace"],
    "new world": ["f2"],
    "slower": ["minus"],
    "faster": ["equals"],
    "record": ["f5"],
    "save state": ["f6"],
    "screenshot": ["f12"],
    "quit": ["escape"],
}
"""What the viewer's own keys do; a world's key map must leave them alone."""

SMALLEST: Final = 64  # pixels
LARGEST: Final = 4096
NOTICE_LASTS: Final = 2.0  # seconds
SPEED_UP: Final = 1.5  # by which the keys change the speed
SLOWEST: Final = 0.25  # steps per second
FASTEST: Final = 120.0
FIRST_REPEAT: Final = 0.25  # seconds a key must be held in a turn-based game to repeat


@runtime_checkable
class Paintable(Protocol):
    """What the core of a world declares beside its hooks if a person may edit it by mouse."""

    def keys_under(self, params: Any) -> dict[str, int]:
        """Key names to actions, in place of `FunctionalEnv.keys`."""

    def idle_under(self, params: Any) -> Any:
        """The action of a person who only watches, in place of `FunctionalEnv.idle_action`."""

    def brushes(self) -> dict[str, str]:
        """Key names to what a click paints from then on; the first is chosen at the start.

        Only the first paints while the mouse is dragged.
        """

    def paint(
        self, state: Any, params: Any, brush: str, spot: tuple[float, float], is_erasing: bool
    ) -> Any:
        """The state after a click, or the same.

        Args:
            state: Before it; not to be changed.
            params: Of the world.
            brush: Key of the brush.
            spot: (x, y) as shares of the picture, in [0, 1).
            is_erasing: Whether the other button was used.
        """


@runtime_checkable
class Pointable(Protocol):
    """What the core of a world declares beside its hooks if a person acts in it by the mouse.

    Such a world waits for a click, and so is turn-based.
    """

    def action_at(
        self, state: Any, params: Any, spot: tuple[float, float], size: tuple[int, int]
    ) -> int | None:
        """The action that a click means; None for none, which changes nothing.

        Args:
            state: Shown when the person clicked.
            params: Of the world.
            spot: (x, y) as shares of the picture, in [0, 1).
            size: Of the picture, pixels (width, height).
        """


@dataclasses.dataclass(frozen=True)
class PlayConfig:
    """Play a world with the keyboard."""

    world: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ID")] = "CrafterOO-v0"
    """Id of the world; a wrong one is answered with the list of them."""
    seed: int | None = None
    """Seed of the first episode; none draws one, and the panel shows it."""
    size: str = "576x576"
    """Size of the picture in pixels, WIDTHxHEIGHT; 432x432 suits a small screen."""
    fps: float = 5.0
    """Steps per second, and how often a held key repeats."""
    turn_based: bool = False
    """Wait for a key before each step (time still passes while the agent cannot act)."""
    record: Path | None = None
    """Record from the start and write this GIF at the end; F5 starts and stops it too."""
    load: Path | None = None
    """Start from a state that F6 saved."""
    world_model: str | None = None
    """Play inside a learned world: the folder of its laws, or package.module:factory."""
    params: str = "{}"
    """Fields of the world's parameters as JSON, for instance '{"area": [32, 32]}'."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 2 after a bad argument and one line that names it.
    """
    config = tyro.cli(PlayConfig, args=argv, prog="python -m envs.play")
    try:
        world = find_world(config.world)
        size = parse_size(config.size)
        if not 0 < config.fps <= FASTEST:
            raise ValueError(f"--fps is above 0 and at most {FASTEST:g}; got {config.fps}")
        if config.seed is not None and config.seed < 0:
            raise ValueError(f"--seed is 0 or more; got {config.seed}")
        if config.record is not None:
            check_record(config.record)
        params = make_params(world, parse_params(config.params))
        state = None if config.load is None else load_state(world, config.load)
        dream = None if config.world_model is None else load_dream(world, config.world_model)
    except (ValueError, TypeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    Session(world, params, size, config, state, dream).run()
    return 0


def load_dream(world: World, model: str) -> Any:
    """The world with a model in the place of its rules; see `worldmodels.onelife.dreams.Dream`.

    Raises:
        ValueError: this world cannot be dreamt, or the model cannot be had.
    """
    dreams = importlib.import_module("worldmodels.onelife.dreams")  # by name: see the layers
    try:
        return dreams.dream_in(world.id, load_core(world), model)
    except ValueError as error:
        raise ValueError(f"--world-model: {error}") from error


def load_state(world: World, path: Path) -> Any:
    """Read a state from a file.

    Raises:
        ValueError: the file cannot be read, or holds no state of this world.
    """
    try:
        return load_core(world).loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"--load cannot read {path}: {error.strerror}") from error
    except (ValueError, NotImplementedError) as error:
        raise ValueError(f"--load {path}: {error}") from error


def parse_size(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT.

    Raises:
        ValueError: it is something else, or too small or large for a window.
    """
    numbers = re.fullmatch(r"(\d+)x(\d+)", text)
    size = tuple(int(number) for number in numbers.groups()) if numbers else ()
    if len(size) != 2 or min(size) < SMALLEST or max(size) > LARGEST:
        raise ValueError(
            f"--size is WIDTHxHEIGHT, each {SMALLEST}..{LARGEST} pixels, as 576x576; got {text!r}"
        )
    return size[0], size[1]


def check_record(path: Path) -> None:
    """Refuse a file that could not be written at the end of a long game.

    Raises:
        ValueError: it is no .gif, or its folder does not exist.
    """
    if path.suffix.lower() != ".gif":
        raise ValueError(f"--record writes a .gif file; got {path}")
    if not path.parent.is_dir():
        raise ValueError(f"--record needs an existing folder; there is no {path.parent}")


def parse_params(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: it is something else.
    """
    try:
        fields = json.loads(text)
    except json.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise ValueError(f"--params is a JSON object like '{{\"area\": [32, 32]}}'; got {text!r}")
    return fields


class Session:
    """One person at one window."""

    def __init__(
        self,
        world: World,
        params: Any,
        size: tuple[int, int],
        config: PlayConfig,
        state: Any = None,
        dream: Any = None,
    ) -> None:
        """Open the window; the world is made when it runs.

        Args:
            world: Row of the catalog.
            params: Its parameters.
            size: Of the picture, pixels (width, height).
            config: From the command line.
            state: Where every game starts; None lets the world make its first state.
            dream: Of `load_dream`; None for the true world.
        """
        from envs.viewer import Window

        core: FunctionalEnv[Any, Any, Any] = load_core(world) if dream is None else dream
        self._canvas = core if isinstance(core, Paintable) else None
        self._keys = self._canvas.keys_under(params) if self._canvas else core.keys()
        self._idle = (
            self._canvas.idle_under(params)
            if self._canvas
            else core.action_of(core.idle_action, params)
        )
        self._brushes = self._canvas.brushes() if self._canvas else {}
        self._brush = next(iter(self._brushes), "")
        self._board = core if isinstance(core, Pointable) else None
        self._clicks: deque[int] = deque(maxlen=1)  # the action that was clicked, until played
        own = {*self._keys, *self._brushes}
        clashes = sorted(own & {key for keys in CONTROLS.values() for key in keys})
        if clashes:
            raise ValueError(f"{world.id} uses keys of the viewer: {', '.join(clashes)}")
        self._controls = {key: name for name, keys in CONTROLS.items() for key in keys}
        self._world, self._size, self._config, self._state = world, size, config, state
        self._episode = Episode(core, params)
        self._dream = dream
        self._differences = 0  # between the last step as dreamt and as it might truly have been
        title = world.id if dream is None else f"{world.id} as dreamt by {config.world_model}"
        brushes = {label: [key] for key, label in self._brushes.items()}
        self._window = Window(title, size, {**_by_action(self._keys), **brushes, **CONTROLS})
        self._fps = config.fps
        self._pressed: deque[str] = deque(maxlen=2)  # keys not yet played, oldest first
        self._held: list[str] = []
        self._paused = self._quit = False
        self._over = ""  # why the episode ended; "" while it runs
        self._total = self._reward = 0.0
        self._notice = ""  # shown until the time below
        self._notice_until = 0.0
        self._banner = ""  # as last drawn
        self._recording: Recording | None = None

    def run(self) -> None:
        """Play until the person quits."""
        seed = self._config.seed
        self._start(secrets.randbelow(2**31 - 1) if seed is None else seed, 1)
        if self._config.record is not None:
            self._toggle_recording()
        self._draw()
        due = time.monotonic() + 1 / self._fps
        while not self._quit:
            events = self._window.events(round(1000 * max(0.0, due - time.monotonic())))
            for event in events:
                self._handle(event)
            stepped = self._may_step(time.monotonic() >= due)
            if stepped:
                self._step()
            if stepped or events or self._banner != self._current_banner():
                self._draw()
            if stepped or time.monotonic() >= due:
                due = time.monotonic() + self._pause_before_repeat(bool(events))
        if self._recording is not None:
            self._toggle_recording()
        self._window.close()

    def _pause_before_repeat(self, is_new_press: bool) -> float:
        """Seconds until a held key counts again; longer after a press: a tap is one step."""
        tick = 1 / self._fps
        return max(tick, FIRST_REPEAT) if self._config.turn_based and is_new_press else tick

    def _may_step(self, is_due: bool) -> bool:
        if self._paused or self._over:
            return False
        if self._board is not None:
            return bool(self._clicks)
        if not self._config.turn_based:
            return is_due
        if self._pressed:
            return True
        awaited = self._episode.core.awaits_action(self._episode.state, self._episode.params)
        return is_due and (bool(self._held) or not awaited)

    def _start(self, seed: int, number: int) -> None:
        self._episode.start(seed, number, self._state)
        self._pressed.clear()
        self._clicks.clear()
        self._over = ""
        self._total = self._reward = 0.0
        self._differences = 0
        self._record_frame()

    def _step(self) -> None:
        """Play the oldest key not yet played, else the one held down, else nothing."""
        key = self._pressed.popleft() if self._pressed else (self._held or [""])[-1]
        core, params = self._episode.core, self._episode.params
        action = core.action_of(int(self._keys[key]), params) if key in self._keys else self._idle
        if self._board is not None:
            action = self._clicks.popleft()
        before = self._episode.state
        step = self._episode.step(action)
        if self._dream is not None:
            self._differences = self._dream.num_differences(
                before, action, self._episode.state, self._episode.params
            )
        self._reward = float(step.reward)
        self._total += self._reward
        if step.terminated or step.truncated:
            self._over = "the end" if step.terminated else "time is up"
        self._record_frame()

    def _handle(self, event: "Event") -> None:
        kind, key, spot = event
        if kind == "press" and key in self._keys:
            self._pressed.append(key)
            self._held.append(key)
        elif kind == "release" and key in self._held:
            self._held.remove(key)
        elif kind == "blur":
            self._held.clear()
        elif kind == "quit":
            self._quit = True
        elif kind == "press" and key in self._brushes:
            self._brush = key
        elif kind in ("paint", "erase", "paint on", "erase on"):
            self._paint(spot, is_erasing=kind.startswith("erase"), is_dragged=kind.endswith(" on"))
            if kind == "paint" and self._board is not None and not (self._over or self._paused):
                self._click(self._board, spot)
        elif kind == "press":
            self._control(self._controls[key])

    def _click(self, board: Pointable, spot: tuple[float, float]) -> None:
        episode = self._episode
        action = board.action_at(episode.state, episode.params, spot, self._size)
        if action is not None:
            self._clicks.append(action)

    def _paint(self, spot: tuple[float, float], *, is_erasing: bool, is_dragged: bool) -> None:
        if self._canvas is None or (is_dragged and self._brush != next(iter(self._brushes))):
            return
        episode = self._episode
        episode.state = self._canvas.paint(
            episode.state, episode.params, self._brush, spot, is_erasing
        )
        self._record_frame()

    def _control(self, name: str) -> None:
        if name == "quit":
            self._quit = True
        elif name == "pause" and not self._over:
            self._paused = not self._paused
        elif name == "one step" and self._paused and not self._over and self._board is None:
            self._step()
        elif name == "same world":
            self._start(self._episode.seed, self._episode.number)
        elif name == "new world":
            self._state = None
            self._start(self._episode.seed, self._episode.number + 1)
        elif name in ("slower", "faster"):
            faster = self._fps * (SPEED_UP if name == "faster" else 1 / SPEED_UP)
            self._fps = min(max(faster, SLOWEST), FASTEST)
        elif name == "record":
            self._toggle_recording()
        elif name == "screenshot":
            path = self._new_file(f"-step{self._episode.time}.png")
            _save_picture(self._window.pixels(), path)
            self._say(f"saved {path}")
        elif name == "save state":
            path = self._new_file(f"-step{self._episode.time}.json")
            path.write_text(self._episode.core.dumps(self._episode.state), encoding="utf-8")
            self._say(f"saved {path}")

    def _new_file(self, ending: str) -> Path:
        return _free_name(Path(self._world.id.replace("/", "-") + ending))

    def _say(self, notice: str) -> None:
        self._notice, self._notice_until = notice, time.monotonic() + NOTICE_LASTS
        sys.stdout.write(f"{notice}\n")

    def _toggle_recording(self) -> None:
        if self._recording is None:
            path = self._config.record
            path = self._new_file(".gif") if path is None else _free_name(path)
            self._recording = Recording(path, self._config.fps)
            self._record_frame()
            return
        self._say(f"saved {self._recording.save()}")
        self._recording = None

    def _record_frame(self) -> None:
        if self._recording is not None:
            self._recording.add(self._frame())

    def _frame(self) -> Frame:
        return self._episode.core.render(self._episode.state, self._episode.params, self._size)

    def _draw(self) -> None:
        episode = self._episode
        status = {
            "seed": episode.seed,
            "episode": episode.number,
            "step": episode.time,
            "reward": round(self._reward, 2),
            "return": round(self._total, 2),
            "steps per second": round(self._fps, 2),
            **({"brush": self._brushes[self._brush]} if self._brushes else {}),
            "recording": self._recording is not None,
        }
        panel = {self._world.id: status, **self._dream_status()}
        panel |= episode.core.panel(episode.state, episode.params)
        self._banner = self._current_banner()
        self._window.show(self._frame(), panel, self._banner)

    def _dream_status(self) -> dict[str, dict[str, Any]]:
        if self._dream is None:
            return {}
        model = Path(str(self._config.world_model)).name.rpartition(":")[2]
        return {"a dream": {"model": model, "values unlike a true step": self._differences}}

    def _current_banner(self) -> str:
        if time.monotonic() < self._notice_until:
            return self._notice
        if self._over:
            return f"{self._over} - Backspace: again, F2: new world"
        return "paused" if self._paused else ""


class Recording:
    """Frames on their way to a GIF file; kept compressed, written in one go."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._milliseconds = round(1000 / fps)
        self._frames: list[bytes] = []
        self._size = (0, 0)  # width, height

    def add(self, frame: Frame) -> None:
        """Append a frame; all have one size."""
        self._size = (frame.shape[1], frame.shape[0])
        self._frames.append(zlib.compress(frame.tobytes(), 1))

    def save(self) -> Path:
        """Write the file; a kill leaves either no file or a whole one."""
        from PIL import Image

        def pictures() -> Iterator[Image.Image]:
            for packed in self._frames:
                yield Image.frombytes("RGB", self._size, zlib.decompress(packed))

        first, rest = next(pictures()), islice(pictures(), 1, None)
        unfinished = self._path.with_name(self._path.name + ".part")
        first.save(
            unfinished,
            format="GIF",
            save_all=True,
            append_images=rest,
            duration=self._milliseconds,
            loop=0,
        )
        unfinished.replace(self._path)
        return self._path


def _by_action(keys: dict[str, int]) -> dict[str, list[str]]:
    """Label of each action -> its keys."""
    labels: dict[str, list[str]] = {}
    for key, action in keys.items():
        name = action.name if isinstance(action, enum.Enum) else f"action {int(action)}"
        labels.setdefault(name.lower().replace("_", " "), []).append(key)
    return labels


def _free_name(path: Path) -> Path:
    """The path itself, or with -2, -3, ... before the suffix where it is taken."""
    candidates = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(p for p in chain([path], candidates) if not p.exists())


def _save_picture(frame: Frame, path: Path) -> None:
    from PIL import Image

    Image.fromarray(frame).save(path)


if __name__ == "__main__":
    sys.exit(main())
