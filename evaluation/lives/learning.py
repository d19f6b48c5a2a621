"""Lives and the laws induced from them, each in a folder of its own.

| file | what |
|---|---|
| `seed-<n>/life.jsonl.gz` | one life |
| `seed-<n>/laws.json`, `laws.md` | laws of the whole life, with weights |
| `seed-<n>/first-<k>/laws.json`, `laws.md` | laws of its first k transitions, with weights |
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from worldmodels.onelife.pipeline import (
    LIFE_FILE,
    Exploration,
    Explorer,
    explore,
    fit,
    stage_of,
    synthesize,
    write_model,
)
from worldmodels.onelife.synthesis.storage import LAWS_FILE, load_book, origin_of
from worldmodels.onelife.trajectories import load, read_header


class Life(NamedTuple):
    """One life, lived or to be lived."""

    exploration: Exploration
    home: Path  # its folder

    @property
    def file(self) -> Path:
        """Of the recorded life."""
        return self.home / LIFE_FILE

    @property
    def num_steps(self) -> int:
        """How long it was."""
        return int(read_header(self.file)["num_steps"])

    def folder(self, transitions: int) -> Path:
        """Where the laws of its first transitions go; those of all of them lie beside it."""
        return self.home if transitions == self.num_steps else self.home / f"first-{transitions}"


class Lesson(NamedTuple):
    """Laws to be learned from the first transitions of a life."""

    life: Life
    transitions: int

    @property
    def folder(self) -> Path:
        """Where the laws go."""
        return self.life.folder(self.transitions)

    @property
    def is_done(self) -> bool:
        """Whether these very laws are there, with weights."""
        if stage_of(self.folder) != "model":
            return False
        return origin_of(self.folder / LAWS_FILE).get("transitions") == self.transitions

    @property
    def num_laws(self) -> int:
        """How many laws were learned; those that the fit has dropped do not count."""
        return len(load_book(self.folder / LAWS_FILE)[0].laws)


def lives_of(
    world: str, explorer: Explorer, seeds: Sequence[int], max_steps: int, out: Path
) -> list[Life]:
    """The lives of a study.

    Raises:
        ValueError: a folder holds a life that was lived otherwise.
    """
    lives = []
    for seed in seeds:
        life = Life(Exploration(world, explorer, seed, max_steps), out / f"seed-{seed}")
        if life.file.exists():
            _check(life)
        lives.append(life)
    return lives


def _check(life: Life) -> None:
    expected = {"world": life.exploration.world, **life.exploration.header}
    header = read_header(life.file)
    found = {name: header.get(name) for name in expected}
    if found != expected:
        raise ValueError(
            f"{life.file} holds another life: expected {expected}, got {found}; give another "
            "--out, or remove it"
        )


def live(life: Life) -> None:
    """Live a life and write it down, unless that was done."""
    explore(life.exploration, life.home)


def learn(lesson: Lesson) -> None:
    """Induce laws and fit their weights, in place of whatever laws are there."""
    header = read_header(lesson.life.file)
    transitions = load(lesson.life.file)[: lesson.transitions]
    book = synthesize(transitions, lesson.life.exploration.world)
    model = fit(book, transitions)
    origin = {**header, "transitions": len(transitions), "synthesizer": "inductive"}
    write_model(lesson.folder, book, model, origin)


def forget(lives: Sequence[Life]) -> None:
    """Remove all laws, so that they are learned anew; the lives stay."""
    for life in lives:
        for file in (life.home / LAWS_FILE, *life.home.glob(f"first-*/{LAWS_FILE}")):
            file.unlink(missing_ok=True)
