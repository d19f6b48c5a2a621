"""What a language model is asked, and how laws are read from what it answers."""

import dataclasses
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.sandbox.check import MAX_CHARACTERS
from worldmodels.onelife.sandbox.codec import Codec
from worldmodels.onelife.sandbox.crafter_view import VIEWS
from worldmodels.onelife.sandbox.names import BUILTINS, MATH
from worldmodels.onelife.sandbox.views import Position, Record
from worldmodels.onelife.scenes import Scene
from worldmodels.onelife.synthesis.llm.aspects import Aspect, Change, changes_of
from worldmodels.onelife.synthesis.llm.client import Messages
from worldmodels.onelife.synthesis.llm.scene_text import kinds_of, map_text
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_MAX_CHANGES: Final = 40  # shown one by one

_TASK: Final = f"""\
You find out the laws of an unknown world. You are shown one step of it: the state before, the \
action taken, and the state after. You are asked about one aspect of what changed. Propose several \
laws, each as small as it can be, that together explain this aspect and would also hold elsewhere.

A law has a precondition, which says when it speaks, and an effect, which says what some \
observables will then be. Many laws are combined, so:
- One law is one mechanism. Do not join two mechanisms because they happened in one step.
- A precondition names all that the mechanism needs, and nothing that is there by chance. The \
action may or may not be part of it: many things in a world happen by themselves.
- An effect names only what the mechanism changes. What no law names stays as it is.
- Say new values relative to the old ones (one more, one cell further), not as the numbers you see.
- Never write the id of a thing. Find things by kind, place or attribute, and use its id from there.
- Where chance is at work, name all values that are possible, with their chances if you can tell.
- If several explanations are possible, write each as a law of its own: data will decide.

# The language of laws

A law is written in a small part of Python, as two functions (or as one class with these two as \
methods, without bases and without a constructor), besides constants and functions of its own:

    def precondition(state, action):  # True where the law speaks; action is a text
    def effect(state, action):  # a dict from names of observables to Distributions

`Distribution.point(value)` is certain. `Distribution.uniform([a, b])` names values that are each \
possible. `Distribution.of({{a: 0.9, b: 0.1}})` gives chances that sum to 1. `ABSENT` is the value \
of what is there no more.

Offered are the builtins {", ".join(BUILTINS)}; `math` with {", ".join(MATH)}; `Distribution`; \
`ABSENT`; texts, numbers, containers with their usual methods, comprehensions, loops, lambdas, \
f-strings.

Rejected are import, try, raise, match, with, global, del, yield, the walrus operator, decorators, \
names with underscores at the beginning or doubled inside, and any attribute that is not listed. \
The state cannot be changed; say what will be in the effect. A law has at most {MAX_CHARACTERS} \
characters and a few milliseconds, and must not fail on any state: ask before you index.

An example from another world, in which pressing a charged lamp uses it up:

    def precondition(state, action):
        return action == "press" and state.lamp.charge > 0

    def effect(state, action):
        return {{"lamp.charge": Distribution.point(state.lamp.charge - 1)}}

# The form of the answer

For each law three blocks, in this order, and nothing else:

<key_changes>
the changes of the step that this law explains
</key_changes>
<law_in_words>
the law in one or two sentences
</law_in_words>
<law_code>
the code of the law, without a fence
</law_code>
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """One law as a language model wrote it."""

    key_changes: str
    words: str
    source: str


def question(
    step: Transition[StateT, str], aspect: Aspect, world: World[StateT], codec: Codec[StateT, Any]
) -> Messages:
    """What is asked about one aspect of one transition.

    Args:
        step: The transition.
        aspect: The part of it.
        world: How states are seen and cut into observables.
        codec: How laws see states.
    """
    scene = world.scene(step.state)
    encoded = codec.encode(step.state)
    view = VIEWS[codec.view](codec.encode(step.state))  # which may take its argument apart
    sections = {
        "What laws can read": "\n".join(dict.fromkeys(_walk(view, "state", codec.names, set()))),
        "How observables are named": "\n".join(_observables(scene)),
        "The surroundings, before": map_text(scene),
        "The state, before": json.dumps(_readable(encoded, view, codec.names)),
        "The action": json.dumps(codec.action(step.action)),
        "All that changed": _listed(changes_of(step, world)),
        "The aspect you are asked about": f"{aspect.kind}\n\n{_listed(aspect.changes)}",
    }
    text = "\n\n".join(f"# {title}\n\n{body}" for title, body in sections.items())
    return [{"role": "system", "content": _TASK}, {"role": "user", "content": text}]


def read_laws(answer: str) -> list[Proposal]:
    """The laws of an answer; what is around the blocks, and incomplete blocks, are passed over.

    Raises:
        ValueError: there is no complete law.
    """
    answer = re.sub(r"<think>.*?</think>", "", answer, flags=re.DOTALL)
    laws = []
    for piece in re.split(r"<key_changes>", answer)[1:]:
        changes, _, rest = piece.partition("</key_changes>")
        words, source = _block("law_in_words", rest), _without_fence(_block("law_code", rest))
        if words and source:
            laws.append(Proposal(changes.strip(), words, source))
    if not laws:
        raise ValueError(
            "expected blocks <key_changes>, <law_in_words> and <law_code>, got "
            f"{' '.join(answer.split())[:120]!r}"
        )
    return laws


def _block(tag: str, text: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return textwrap.dedent(found[1]).strip() if found else ""


def _without_fence(source: str) -> str:
    found = re.search(r"```[a-z]*\n(.*?)```", source, re.DOTALL)
    return textwrap.dedent(found[1] if found else source).strip()


def _listed(changes: Sequence[Change]) -> str:
    lines = [
        f"{change.observable}: {_value(change.before)} -> {_value(change.after)}"
        for change in changes[:_MAX_CHANGES]
    ]
    if len(changes) > _MAX_CHANGES:
        lines.append(f"and {len(changes) - _MAX_CHANGES} more")
    return "\n".join(lines)


def _value(value: Value) -> str:
    if value is ABSENT:
        return "ABSENT"
    return repr(tuple(value)) if isinstance(value, tuple) else repr(value)


def _observables(scene: Scene) -> Iterator[str]:
    """How names are made, see `worldmodels.onelife.worlds`."""
    for name in scene.globals:
        yield f"{name}"
    for kind, thing in kinds_of(scene).items():
        head = kind if thing is scene.agent else "object.<id>"
        about = "" if thing is scene.agent else f" of a {kind}"
        yield f"{head}.position{about}: (x, y)"
        yield f"{head}.<attribute>{about}: {', '.join(thing.attributes)}"
    yield "object.<id>.position is ABSENT once the thing is gone"
    yield "material.<x>.<y>: the name of a material"
    yield "new.<kind>.<x>.<y>: True, or a direction, where the agent or a thing made a new thing"
    yield "spawn.<kind>.<x>.<y>: (x, y) of a thing that appeared by itself in the region that"
    yield f"begins at this x and y; regions are {scene.region_size[0]} by {scene.region_size[1]}"


def _readable(encoded: Mapping[str, Any], view: Any, names: frozenset[str]) -> dict[str, Any]:
    """The state without what laws cannot name, and without what they see in another form.

    The map stands for the latter.
    """
    seen = {name: view._fields[name] for name in encoded if name in names}
    return {
        name: encoded[name]
        for name, value in seen.items()
        if isinstance(encoded[name], str) == isinstance(value, str)
    }


def _walk(value: Any, path: str, names: frozenset[str], walked: set[int]) -> Iterator[str]:
    """One line for each record and method that laws can name; records that come twice, once."""
    if isinstance(value, Record):
        if id(value) in walked:
            return
        walked.add(id(value))
        fields = {name: part for name, part in value._fields.items() if name in names}
        yield f"{path} has {', '.join(f'{name}: {_type(part)}' for name, part in fields.items())}"
        yield from _methods(type(value), path, names)
        for name, part in fields.items():
            yield from _walk(part, f"{path}.{name}", names, walked)
    elif isinstance(value, Position):
        yield from _methods(Position, "a position (x, y), which can be added and subtracted", names)
    elif isinstance(value, tuple):
        for part in value:
            kind = part._fields.get("name") if isinstance(part, Record) else None
            yield from _walk(part, f"{path}[i]" + (f" of a {kind}" if kind else ""), names, walked)


def _methods(owner: type, path: str, names: frozenset[str]) -> Iterator[str]:
    for name, member in vars(owner).items():
        if name not in names or not member.__doc__:
            continue
        if isinstance(member, property):
            yield f"{path} has .{name}: {_first_line(member)}"
        elif inspect.isfunction(member):
            parameters = list(inspect.signature(member).parameters.values())[1:]
            shown = ", ".join(str(p.replace(annotation=p.empty)) for p in parameters)
            yield f"{path} has .{name}({shown}): {_first_line(member)}"


def _first_line(member: Any) -> str:
    return str(inspect.getdoc(member)).splitlines()[0]


def _type(value: Any) -> str:
    if isinstance(value, Record):
        return "record"
    if isinstance(value, Position):
        return "position"
    if isinstance(value, tuple):
        return f"tuple of {_type(value[0])}" if value else "tuple"
    if value is None or isinstance(value, bool):
        return "None" if value is None else "truth value"
    return "text" if isinstance(value, str) else "number"
