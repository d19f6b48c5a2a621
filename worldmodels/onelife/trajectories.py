"""Recorded lives: compressed JSON lines, one line a step, read with one call.

The first line is a header, the second the first state whole, every further line
`{"action": slug, "changes": [...]}`: an RFC 6902 patch from the state before. Random states are
not kept, but for the first: what was drawn is in what happened.
"""

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import action_slug
from envs.crafter_oo.serialise import from_dict, to_dict
from envs.crafter_oo.state import WorldState
from worldmodels.onelife.laws import Transition

FORMAT_VERSION: Final = 1
_NEUTRAL: Final = KeyedDraws(0)  # the draws of every state but the first

Life = list[Transition[WorldState, int | str]]


def save(
    path: str | os.PathLike[str],
    first: WorldState,
    steps: Iterable[tuple[int | str, WorldState]],
    header: dict[str, Any],
) -> None:
    """Write a life; the file appears under its name when it is complete.

    Args:
        path: where to; usually ends in `.jsonl.gz`.
        first: the state it starts from.
        steps: action and the state that followed, in order of time.
        header: how it was made, JSON; the format version is added.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        for line in _lines(first, steps, header):
            file.write((json.dumps(line, separators=(",", ":")) + "\n").encode())
    partial.replace(target)


def _lines(
    first: WorldState, steps: Iterable[tuple[int | str, WorldState]], header: dict[str, Any]
) -> Iterator[Any]:
    import jsonpatch

    yield {"format_version": FORMAT_VERSION, **header}
    before = to_dict(first)
    yield before
    for action, state in steps:
        after = _shareable(state)
        changes = jsonpatch.make_patch(_shareable_dict(before), after).patch
        yield {"action": action_slug(action), "changes": changes}
        before = after


def _shareable(state: WorldState) -> dict[str, Any]:
    return _shareable_dict(to_dict(state))


def _shareable_dict(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is stored twice or not at all."""
    return {k: v for k, v in data.items() if k not in ("player", "serialized_random_state")}


def load(path: str | os.PathLike[str]) -> Life:
    """Read a life as transitions; actions are slugs.

    Raises:
        ValueError: names file, line and what is wrong with it.
    """
    import jsonpatch

    lines = _read(Path(path))
    header = next(lines, None)
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        found = header.get("format_version") if isinstance(header, dict) else header
        raise ValueError(
            f"{path}, line 1: expected a header of format version {FORMAT_VERSION}, got "
            f"{found!r}; record the life again with this version"
        )
    states: list[WorldState] = []
    actions: list[str] = []
    data: Any = None
    for number, line in enumerate(lines, start=2):
        try:
            if data is None:
                data, state = _shareable_dict(line), from_dict(line)
            else:
                data = jsonpatch.apply_patch(data, line["changes"], in_place=True)
                actions.append(action_slug(line["action"]))
                state = from_dict(_completed(data))
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


def _completed(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "player": data["objects"][0],
        "serialized_random_state": _NEUTRAL.dumps(),
    }


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
