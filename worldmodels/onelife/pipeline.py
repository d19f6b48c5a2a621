"""From nothing to a fitted model, in stages that leave files: a killed run goes on where it was.

| stage | leaves |
|---|---|
| explore | `life.jsonl.gz` |
| synthesize | `laws.json`, `laws.md`; with a language model before that `records/` |
| fit | weights in both |
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from envs.files import write_text
from worldmodels.onelife.exploration.life import Life, live, statistics_of
from worldmodels.onelife.fitting import FitConfig
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.learned import AnyBook, laws_about, load_laws, only
from worldmodels.onelife.learning import learn
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.python_laws import asked_at_once
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.llm.book import (
    PythonBook,
    python_book_text,
    save_python_book,
)
from worldmodels.onelife.synthesis.llm.client import ChatClient, ChatConfig
from worldmodels.onelife.synthesis.llm.synthesizer import LLMSynthesizer, Report
from worldmodels.onelife.synthesis.storage import LAWS_FILE, save_book
from worldmodels.onelife.synthesis.text import book_text
from worldmodels.onelife.trajectories import load, read_header, save
from worldmodels.onelife.worlds import World, world_named

LIFE_FILE: Final = "life.jsonl.gz"
TEXT_FILE: Final = "laws.md"
RECORDS: Final = "records"  # folder of what a language model was asked and answered
FIT: Final = FitConfig(num_steps=20, bounds="sigmoid", learning_rate=1.0, batch_size=1000)

Explorer = Literal["curious", "random", "language"]
Tick = Callable[[int, int], None]  # done so far, of how many at most


@dataclasses.dataclass(frozen=True)
class Exploration:
    """Whose life is lived where."""

    world: str
    explorer: Explorer
    seed: int
    max_steps: int
    model: str | None = None  # of the explorer "language", and
    url: str | None = None  # where it is asked; None: the default of `ChatConfig`

    @property
    def header(self) -> dict[str, Any]:
        """What the file of the life says about how it was made."""
        return {
            "explorer": self.explorer,
            "seed": self.seed,
            "max_steps": self.max_steps,
            **({} if self.model is None else {"model": self.model}),
        }


def explore(config: Exploration, folder: Path, on_step: Tick | None = None) -> dict[str, Any]:
    """Live one life and write it down, unless it is there already; return what can be counted.

    Raises:
        ValueError: the folder holds another life, or no model is named for "language".
    """
    path = folder / LIFE_FILE
    world = world_named(config.world)
    if path.exists():
        header = read_header(path)
        wanted = {"world": config.world, **config.header}
        if any(header.get(key) != value for key, value in wanted.items()):
            raise ValueError(
                f"{path} holds another life ({_brief(header)}); give another folder, or remove it"
            )
        steps = load(path)
        life: Life[Any] = Life(
            steps[0].state,
            tuple([str(step.action) for step in steps]),
            tuple([step.next_state for step in steps]),
        )
    else:
        tick = None if on_step is None else partial(_tick, on_step, config.max_steps)
        if config.explorer == "language":
            life = _live_as_told(world, config, tick)
        else:
            life = live(world, config.seed, config.max_steps, config.explorer, tick)
        header = {**config.header, "num_steps": len(life.actions)}
        save(path, world, life.first, zip(life.actions, life.states, strict=True), header)
    return dataclasses.asdict(statistics_of(world, life))


def _tick(on_step: Tick, total: int, step: int) -> None:
    on_step(step, total)


def _live_as_told(
    world: World[Any], config: Exploration, on_step: Callable[[int], None] | None
) -> Life[Any]:
    """One life in which a language model chooses every action."""
    from worldmodels.onelife.exploration.language import LanguageExplorer

    if config.model is None:
        raise ValueError("the explorer 'language' needs the name of a model")
    whom = ChatConfig(config.model)
    if config.url is not None:
        whom = dataclasses.replace(whom, base_url=config.url)
    first = state = world.initial(config.seed)
    actions: list[str] = []
    states: list[Any] = []
    with ChatClient(whom) as client:
        explorer = LanguageExplorer(client, world)
        while len(actions) < config.max_steps and not world.is_over(state):
            actions.append(explorer.act(state))
            state = world.step(state, actions[-1])
            states.append(state)
            if on_step is not None:
                on_step(len(actions))
    return Life(first, tuple(actions), tuple(states))


def synthesize(
    life: Sequence[Transition[Any, Any]], world_name: str, on_slot: Tick | None = None
) -> Book[Any]:
    """Induce laws from a life."""
    return induce(world_named(world_name), life, on_slot=on_slot)


def ask_for_laws(
    life: Sequence[Transition[Any, Any]],
    world_name: str,
    whom: ChatConfig,
    folder: Path,
    on_answer: Tick = lambda done, total: None,
) -> Report[Any]:
    """Have a language model propose laws about a life; what it answered stays in the folder.

    Raises:
        ChatError: the server does not answer, or refuses to.
        ImportError: the extra `llm` is not installed.
        ValueError: the folder has answers about another life or of another model, or laws in
            Python see nothing of that world.
    """
    records = folder / RECORDS
    with ChatClient(whom) as client:
        asking = LLMSynthesizer(client, world_named(world_name), records, on_answer=on_answer)
        return asking.ask(life)


def fit(
    book: AnyBook,
    life: Sequence[Transition[Any, Any]],
    config: FitConfig = FIT,
    on_step: Tick | None = None,
) -> OneLife[Any, Any]:
    """Weights of laws, and of inertia, from the life they were found in."""
    laws = laws_about(book, "full")
    with asked_at_once(laws, life):
        return learn(
            laws,
            life,
            book.world.observables,
            config,
            on_step=None if on_step is None else lambda step, _: on_step(step, config.num_steps),
        )


def write_laws(folder: Path, book: AnyBook, origin: dict[str, Any]) -> None:
    """Laws without weights, for the machine and for a person."""
    _write(folder, book, None, None, origin)


def write_model(
    folder: Path, book: AnyBook, model: OneLife[Any, Any], origin: dict[str, Any]
) -> None:
    """Laws with weights; those that the fit has dropped are left out."""
    weights = {law.name: w for law, w in zip(model.laws, model.weights, strict=True)}
    _write(folder, only(book, weights), weights, model.scoring.inertia, origin)


def _write(
    folder: Path,
    book: AnyBook,
    weights: dict[str, float] | None,
    inertia: float | None,
    origin: dict[str, Any],
) -> None:
    path = folder / LAWS_FILE
    if isinstance(book, PythonBook):
        save_python_book(path, book, weights=weights, inertia=inertia, origin=origin)
        text = python_book_text(book, weights)
    else:
        save_book(path, book, weights=weights, inertia=inertia, origin=origin)
        text = book_text(book, weights)
    write_text(folder / TEXT_FILE, text)


def stage_of(folder: Path) -> Literal["nothing", "laws", "model"]:
    """How far the laws in a folder have come."""
    path = folder / LAWS_FILE
    if not path.exists():
        return "nothing"
    return "laws" if load_laws(path).inertia is None else "model"


def _brief(header: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in header.items() if k != "format_version"})
