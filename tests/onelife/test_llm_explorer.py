"""The explorer that asks a language model: what it is told, and what becomes of its answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from onelife.llm_server import Request, Response, completion, only_loopback, serving
from onelife.test_llm_prompt import WORLD, meadow

from envs.crafter_oo.state import CowState, Position, WorldState
from worldmodels.onelife.exploration.language import NUM_REMEMBERED, LanguageExplorer
from worldmodels.onelife.pipeline import LIFE_FILE, Exploration, explore
from worldmodels.onelife.synthesis.llm.client import ChatClient, ChatError
from worldmodels.onelife.trajectories import load


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)


@contextmanager
def exploring(
    *responses: Response,
) -> Iterator[tuple[LanguageExplorer[WorldState], list[list[dict[str, str]]]]]:
    """An explorer, and the conversations the server has seen so far."""
    seen: list[list[dict[str, str]]] = []

    def answer(request: Request) -> Response:
        seen.append(request.messages)
        return responses[min(len(seen), len(responses)) - 1]

    with serving(answer) as server, ChatClient(server.config(), lambda _: None) as client:
        yield LanguageExplorer(client, WORLD), seen


def live(act: Callable[[WorldState], str], num_steps: int) -> list[str]:
    """What anything that explores is used by."""
    state, actions = meadow(), []
    for _ in range(num_steps):
        actions.append(act(state))
        state = WORLD.step(state, actions[-1])
    return actions


def test_it_acts_as_it_is_told_wherever_a_callable_is_expected():
    with exploring(*map(completion, ("do", "move_left", "sleep"))) as (explorer, _):
        assert live(explorer.act, 3) == ["do", "move_left", "sleep"]
        assert explorer.num_invalid == 0


@pytest.mark.parametrize(
    "text", ["DO", " do\n", "`do`", '"do"', "**do**", "do.", "<think>sleep?</think>\ndo"]
)
def test_spelling_is_forgiven(text: str):
    with exploring(completion(text)) as (explorer, _):
        assert explorer.act(meadow()) == "do"


def test_names_of_two_words_may_have_blanks():
    with exploring(completion("Move left")) as (explorer, _):
        assert explorer.act(meadow()) == "move_left"


@pytest.mark.parametrize("text", ["fly", "do, then sleep", "I would do", "dodo", "x" * 5000])
def test_an_invalid_answer_becomes_the_first_action_and_a_warning(text: str):
    with exploring(completion(text), completion("do"), completion("do")) as (explorer, seen):
        assert live(explorer.act, 3) == ["noop", "do", "do"]
        assert explorer.num_invalid == 1
        assert "Warning" not in seen[0][-1]["content"]
        assert seen[1][-1]["content"].startswith(f"Warning: {text[:80]!r} is not the name of an")
        assert not seen[2][-1]["content"].startswith("Warning")
        assert len(seen[1][-1]["content"]) < 4000


def test_an_answer_that_stays_empty_is_invalid():
    with exploring(completion("")) as (explorer, seen):
        assert explorer.act(meadow()) == "noop"
        assert explorer.num_invalid == 1
        assert len(seen) == 3


def test_a_server_that_fails_is_an_error_and_no_action():
    with (
        exploring(Response(b"{}")) as (explorer, _),
        pytest.raises(ChatError, match="expected choices"),
    ):
        explorer.act(meadow())


def test_sixteen_observations_are_remembered_the_last_one_with_its_map():
    with exploring(completion("do"), completion("noop")) as (explorer, seen):
        live(explorer.act, NUM_REMEMBERED + 3)
    for number, messages in enumerate(seen):
        observations = [m["content"] for m in messages if m["role"] == "user"]
        assert len(observations) == min(number + 1, NUM_REMEMBERED)
        assert ["Map" in text for text in observations[-2:]] == [False, True][-len(observations) :]
        assert f"step_count: {number}\n" in observations[-1]
        assert [m["role"] for m in messages[:2]] == ["system", "user"]
    assert seen[1][2] == {"role": "assistant", "content": "do"}
    assert f"step_count: {len(seen) - NUM_REMEMBERED}\n" in seen[-1][1]["content"]


def test_the_task_names_every_action_and_no_goal():
    with exploring(completion("do")) as (explorer, seen):
        explorer.act(meadow())
    task = seen[0][0]["content"]
    assert [line[2:] for line in task.splitlines() if line[2:] in WORLD.actions] == [*WORLD.actions]
    about = "\n".join(line for line in task.splitlines() if line[2:] not in WORLD.actions)
    for word in ("reward", "achievement", "score", "wood", "tree", "table", "pickaxe", "cow"):
        assert word not in about.lower()


def test_an_observation_shows_status_target_map_and_what_is_near():
    state = meadow()
    state.create_object(CowState, Position(2, 3), health=3)
    state.player.inventory.sapling = 2
    with exploring(completion("do")) as (explorer, seen):
        explorer.act(state)
    text = seen[0][-1]["content"]
    for part in (
        "daylight: ",
        "position: (4, 4)",
        "health: 9",
        "sleeping: no",
        "hunger: 0.00",
        "inventory: health 9, food 9, drink 9, energy 9, sapling 2\n",
        "facing: down; there is tree at (4, 5)",
        "gggg@gggg",
        "ggCgggggg",
        "t tree",
        "C cow",
        "tree: 1 away, 1 down",
        "cow: 3 away, 2 left and 1 up",
    ):
        assert part in text, part
    assert "diamond" not in text
    assert "collect" not in text


def test_a_life_can_be_lived_as_a_model_says(tmp_path: Path) -> None:
    def answer(request: Request) -> Response:
        return completion("go_east" if len(request.messages) < 5 else "wait")

    with serving(answer) as server:
        url = server.config().base_url
        config = Exploration("homestead", "language", 0, 4, "a-model", url)
        counts = explore(config, tmp_path)
    assert counts["steps"] == 4
    life = load(tmp_path / LIFE_FILE)
    assert [step.action for step in life] == ["go_east", "go_east", "wait", "wait"]
