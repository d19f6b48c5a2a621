"""An explorer that asks a language model what to do next."""

import collections
import re
from typing import Final, Generic, TypeVar

from worldmodels.onelife.scenes import Scene
from worldmodels.onelife.synthesis.llm.client import ChatClient, UnusableAnswerError
from worldmodels.onelife.synthesis.llm.scene_text import (
    REACH,
    agent_text,
    map_text,
    nearest,
    value_text,
)
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

NUM_REMEMBERED: Final = 16  # observations. Source: the code released with arXiv 2510.12088

_TASK: Final = """\
You explore a world whose rules you do not know. You have one life in it. Nothing is to be won: \
you are there to make as much happen as possible that did not happen before, so that others can \
find out the rules from what you did.

What counts is the number of different cases of: in this situation, this action, with this \
outcome. An action that does nothing is a case too, once. So:
- Try every action, and try it again when the situation is another: other surroundings, something \
else in front of you, other things in your possession, another state of your body.
- When something new turns up, see what each action does with it.
- Expect that some actions need something that you must first have, stand near, or face.
- Expect that some creatures are dangerous, and that some of your numbers must not run out. When \
your life ends nothing more can be found out.
- Do not repeat what you have seen twice, and do not stay where all is known.

The actions are:
{actions}

After every observation answer with the name of exactly one action, and nothing else."""


class LanguageExplorer(Generic[StateT]):
    """Chooses actions for one life, which it remembers a part of: make a new one for the next.

    Args:
        client: Whom to ask.
        world: Where it lives.
        reach: Cells it sees on each side.
    """

    def __init__(self, client: ChatClient, world: World[StateT], reach: int = REACH) -> None:
        self.num_invalid = 0  # answers that named no action
        self._client = client
        self._world = world
        self._reach = reach
        self._task = _TASK.format(actions="\n".join(f"- {name}" for name in world.actions))
        # One less than is remembered: the present observation is shown too.
        self._past: collections.deque[tuple[str, str]] = collections.deque(
            maxlen=NUM_REMEMBERED - 1
        )
        self._warning = ""

    def act(self, state: StateT) -> str:
        """The name of an action. An answer that is none becomes the first action of the world.

        Raises:
            ChatError: the server does not answer, or refuses to.
        """
        scene = self._world.scene(state)
        messages = [{"role": "system", "content": self._task}]
        for observation, answer in self._past:
            messages.append({"role": "user", "content": observation})
            messages.append({"role": "assistant", "content": answer})
        now = f"{self._warning}{observation_text(scene, self._reach)}"
        messages.append({"role": "user", "content": now})
        try:
            answer = self._client.ask(messages, str).value
        except UnusableAnswerError:
            answer = ""
        named = _named(answer, self._world.actions)
        action = self._world.actions[0] if named is None else named
        # Of older observations the short form is kept: their maps would cost more than they tell.
        self._past.append((f"{self._warning}{status_text(scene)}", action))
        self._warning = ""
        if named is None:
            self.num_invalid += 1
            self._warning = (
                f"Warning: {answer.strip()[:80]!r} is not the name of an action; {action} was done "
                "instead. Answer with one name from the list.\n\n"
            )
        return action


def observation_text(scene: Scene, reach: int = REACH) -> str:
    """All that the explorer is told about the present."""
    near = nearest(scene, reach) or ["nothing"]
    return "\n\n".join(
        (
            status_text(scene),
            f"Map, {reach} cells to each side:\n{map_text(scene, reach)}",
            "\n".join(["Nearest of each within these steps:", *near]),
        )
    )


def status_text(scene: Scene) -> str:
    """The short form: how the agent is, and what is in front of it."""
    lines = [f"{name}: {value_text(value)}" for name, value in scene.globals.items()]
    return "\n".join([*lines, *agent_text(scene)])


def _named(answer: str, actions: tuple[str, ...]) -> str | None:
    """The action that an answer names, whatever its case, quotes and blanks."""
    answer = re.sub(r"<think>.*?</think>", "", answer, flags=re.DOTALL)
    name = re.sub(r"[\s-]+", "_", answer.strip(" \t\r\n.`'\"*")).lower()
    return {action.lower(): action for action in actions}.get(name)
