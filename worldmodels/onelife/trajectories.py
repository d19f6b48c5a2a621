"""Recorded lives of any world: compressed JSON lines, one line a step, read with one call.

The first line is a header, the second the first state whole, every further line
`{"action": name, "changes": [...]}`: an RFC 6902 patch from the state before. Random states are
not kept: what was drawn is in what happened.
"""

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from worldmodels.onelife.laws import Transition
from worldmodels.onelife.worlds import WORLDS, StateT, World, world_named

FORMAT_VERSION: Final = 1
_FORMER_NAMES: Final = {"CrafterOO": "crafter_oo"}
"""Worlds that older files call otherwise."""

Life = list[Transition[Any, Any]]


def save(
    path: str | os.PathLike[str],
    world: World[StateT],
    first: StateT,
    steps: Iterable[tuple[str, StateT]],
    header: Mapping[str, Any],
) -> None:
    """Write a life; the file appears under its name when it is complete.

    Args:
        path: where to; usually ends in `.jsonl.gz`.
        world: in which it was lived.
        first: the state it starts from.
        steps: name of the action and the state that followed, in order of time.
        header: how it was made, JSON: `num_steps`, and usually `seed` and `explorer`; the format
            version and the name of the world are added.

    Raises:
        ValueError: the world has no such action.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        for line in _lines(world, first, steps, header):
            file.write((json.dumps(line, separators=(",", ":")) + "\n").encode())
    partial.replace(target)


def _lines(
    world: World[StateT],
    first: StateT,
    steps: Iterable[tuple[str, StateT]],
    header: Mapping[str, Any],
) -> Iterator[Any]:
    yield {**header, "format_version": FORMAT_VERSION, "world": world.name}
    before = world.to_dict(first)
    yield before
    for action, state in steps:
        after = world.to_dict(state)
        yield {"action": _checked(world, action), "changes": _changes(before, after)}
        before = after


def _changes(before: Any, after: Any) -> list[dict[str, Any]]:
    """A patch that leads from one state to the next.

    jsonpatch 1.33 makes some that do not, where lists become shorter; then the whole is replaced.
    """
    import jsonpatch

    changes: list[dict[str, Any]] = jsonpatch.make_patch(before, after).patch
    try:
        if jsonpatch.apply_patch(before, changes) == after:
            return changes
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        pass
    return [{"op": "replace", "path": "", "value": after}]


def _checked(world: World[Any], action: str) -> str:
    if action not in world.actions:
        known = ", ".join(world.actions)
        raise ValueError(f"an action of {world.name} is one of {known}; got {action!r}")
    return action


def load(path: str | os.PathLike[str]) -> Life:
    """Read a life as transitions; actions are names, the world is that of the header.

    Raises:
        ValueError: names file, line and what is wrong with it.
    """
    import jsonpatch

    lines = _read(Path(path))
    header = _header(path, lines)
    world = world_named(header["world"])
    states: list[Any] = []
    actions: list[str] = []
    data: Any = None
    for number, line in enumerate(lines, start=2):
        try:
            if data is None:
                state = world.from_dict(line)
                data = world.to_dict(state)  # older files hold more than is patched
            else:
                data = jsonpatch.apply_patch(data, line["changes"], in_place=True)
                actions.append(_checked(world, line["action"]))
                state = world.from_dict(data)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            jsonpatch.JsonPatchException,
            jsonpatch.JsonPointerException,
        ) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
        states.append(state)
    expected = header.get("num_steps")
    if len(actions) != expected:
        raise ValueError(f"{path}: the header says {expected} steps, found {len(actions)}")
    return [
        Transition(before, action, after)
        for before, action, after in zip(states, actions, states[1:], strict=False)
    ]


def read_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """How a life was made, its steps unread.

    Returns:
        What `save` was given; besides `world`, a name of `worlds.WORLDS`, and `explorer`.

    Raises:
        ValueError: names file, line and what is wrong with it.
    """
    return _header(path, _read(Path(path)))


def _header(path: str | os.PathLike[str], lines: Iterator[Any]) -> dict[str, Any]:
    header = next(lines, None)
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        found = header.get("format_version") if isinstance(header, dict) else header
        raise ValueError(
            f"{path}, line 1: expected a header of format version {FORMAT_VERSION}, got "
            f"{found!r}; record the life again with this version"
        )
    world = header.get("world")
    world = _FORMER_NAMES.get(world, world) if isinstance(world, str) else world
    if world not in tuple(WORLDS):  # a tuple: what came may not be hashable
        raise ValueError(
            f"{path}, line 1: expected a world, one of {', '.join(WORLDS)}, got {world!r}; record "
            "the life again with this version"
        )
    explorer = header.get("explorer", header.get("player", "unknown"))  # "player" in older files
    return {**header, "world": world, "explorer": explorer}


def _read(path: Path) -> Iterator[Any]:
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for text in file:
                yield json.loads(text)
                number += 1
    except (EOFError, OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}, after line {number}: the file is damaged ({error})") from error
