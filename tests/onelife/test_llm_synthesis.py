"""Laws of a (scripted) language model: what is kept, what is rejected, what is recorded."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onelife.llm_server import Request, Response, completion, law_block, only_loopback, serving
from onelife.test_llm_prompt import WORLD, meadow, step

from envs.crafter_oo.state import Position, WorldState
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.learning import learn
from worldmodels.onelife.sandbox.crafter import CRAFTER
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.llm.book import (
    PythonBook,
    StoredLaw,
    load_python_book,
    python_book_text,
    save_python_book,
)
from worldmodels.onelife.synthesis.llm.client import ChatClient, ChatConfig, ChatError
from worldmodels.onelife.synthesis.llm.records import read_record
from worldmodels.onelife.synthesis.llm.synthesizer import LLMSynthesizer, Report
from worldmodels.onelife.synthesis.llm.trial import try_laws
from worldmodels.onelife.synthesis.storage import load_book, origin_of, save_book
from worldmodels.onelife.synthesis.synthesizer import LawSynthesizer
from worldmodels.onelife.synthesis.terms import Knowledge
from worldmodels.onelife.worlds import world_named

Life = list[Transition[WorldState, str]]

WHEN = """
def precondition(state, action):
    return action == "do" and state.get_target_tile() == ("tree", None)
"""
WOOD = f"""{WHEN}
def effect(state, action):
    wood = min(state.player.inventory.wood + 1, 9)
    return {{"player.inventory.wood": Distribution.point(wood)}}
"""
WOOD_AGAIN = """
class Collecting:
    most = 9

    def precondition(self, state, action):
        material, thing = state.get_target_tile()
        return material == "tree" and thing is None and action == "do"

    def effect(self, state, action):
        return {"player.inventory.wood": Distribution.of(
            {min(self.most, 1 + state.player.inventory.wood): 1.0})}
"""
TREE = f"""{WHEN}
def effect(state, action):
    x, y = state.player.position + state.player.facing
    return {{f"material.{{x}}.{{y}}": Distribution.point("grass")}}
"""
UNSURE = WOOD.replace("Distribution.point(wood)", "Distribution.uniform([wood, wood - 1])")
TWO = UNSURE.replace("return {", 'return {"player.inventory.coal": Distribution.point(0), ')
TWO_TURNED = WOOD.replace(
    "Distribution.point(wood)",
    'Distribution.uniform([wood - 1, wood]), "player.inventory.coal": Distribution.point(0)',
)
WRONG = WOOD.replace("+ 1", "+ 2")
UNCHANGED = WOOD.replace("min(state.player.inventory.wood + 1, 9)", "0").replace(".wood", ".coal")
SILENT = WOOD.replace('"do"', '"sleep"')
EMPTY = f"{WHEN}\ndef effect(state, action):\n    return {{}}"
RAISES = WOOD.replace("wood = min", "wood = [][0] + min")
RAISES_ELSEWHERE = WOOD.replace(
    'return action == "do" and', 'return [1][state.step_count // 4] and action == "do" and'
)
LOOPS = WOOD.replace("    wood = min", "    while True:\n        pass\n    wood = min")
LOOPS_ON_LOADING = "x = [i for i in range(10**12)]\n" + WOOD
HOSTILE = 'import os\nos.system("touch /tmp/owned")\n' + WOOD
ESCAPE = WOOD.replace("wood = min", "leak = ().__class__.__mro__\n    wood = min")
NOT_A_LAW = "def precondition(state, action): return True"
NOT_PYTHON = "if the player faces a tree:"
NO_EFFECT = f"{WHEN}\ndef effect(state, action):\n    return 3"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)


@pytest.fixture(scope="module")
def life() -> Life:
    """Collects wood at time 0, and again at time 2 from a tree that was put there."""
    steps = []
    state = meadow()
    for action in ("do", "noop", "do", "move_left", "noop", "move_right", "do", "move_up"):
        if len(steps) == 2:
            state = state.copy()
            state.set_facing_material("tree")
        steps.append(step(state, action))
        state = steps[-1].next_state
    return steps


def judged(life: Life, *sources: str) -> list[str]:
    candidates = [StoredLaw(f"law {i}", "", source, 0) for i, source in enumerate(sources)]
    verdicts = try_laws(candidates, life, WORLD.observables, CRAFTER)
    return ["kept" if verdict is None else verdict.reason for verdict in verdicts]


def test_every_bad_law_is_rejected_for_its_own_reason_and_hurts_no_other(life: Life):
    sources = {
        WOOD: "kept",
        HOSTILE: "rejected",
        ESCAPE: "rejected",
        NOT_A_LAW: "rejected",
        NOT_PYTHON: "rejected",
        RAISES: "exception",
        RAISES_ELSEWHERE: "exception",
        LOOPS: "timeout",
        LOOPS_ON_LOADING: "timeout",
        NO_EFFECT: "malformed",
        SILENT: "silent",
        EMPTY: "silent",
        WRONG: "wrong",
        UNCHANGED: "wrong",
        WOOD + "\n": "duplicate",
        WOOD_AGAIN: "duplicate",
        UNSURE: "kept",
        TWO: "kept",
        TWO_TURNED: "duplicate",
        TREE: "kept",
    }
    assert judged(life, *sources) == list(sources.values())


def test_laws_that_differ_anywhere_in_the_life_are_both_kept(life: Life):
    everywhere = WOOD.replace('action == "do" and', 'action != "sleep" and')
    assert judged(life, WOOD, everywhere) == ["kept", "duplicate"]
    state = meadow()
    assert judged([*life, step(state, "noop")], WOOD, everywhere) == ["kept", "kept"]


def test_a_law_is_tried_on_transitions_evenly_spread_over_a_long_life(life: Life):
    late = meadow()
    late.step_count = 10_000
    fails_late = WOOD.replace('action == "do"', '[1][state.step_count // 9999] and action == "do"')
    assert judged([*life[:1], *life[1:2] * 200, step(late, "noop")], fails_late) == ["kept"]
    rest = [step(late, "noop")] * 100
    assert judged([*life[:1], *life[1:2] * 200, *rest], fails_late) == ["exception"]


def test_no_laws_need_no_trial(life: Life):
    assert judged(life) == []
    assert try_laws([], [], WORLD.observables, CRAFTER) == []


Answer = Callable[[Request], Response]


def about_wood(*sources: str) -> Answer:
    """Answers questions about wood with these laws, and others with a law that never speaks."""

    def answer(request: Request) -> Response:
        is_wood = "\nplayer.inventory.wood.up\n" in request.messages[-1]["content"]
        blocks = [law_block(s, f"words {i}") for i, s in enumerate(sources)] if is_wood else []
        return completion("Well.\n" + "".join(blocks or [law_block(SILENT)]))

    return answer


def asked(script: Answer, life: Life, folder: Path) -> tuple[Report[Any], int]:
    """What came of it, and how many requests it took."""
    with serving(script) as server, ChatClient(server.config(), lambda _: None) as client:
        return LLMSynthesizer(client, WORLD, folder).ask(life), len(server.requests)


def test_only_the_right_law_is_kept_and_the_model_learned_from_it_is_right(
    life: Life, tmp_path: Path
):
    script = about_wood(WOOD, WRONG, HOSTILE, LOOPS)
    report, num_requests = asked(script, life, tmp_path / "records")
    assert report.book.laws == (
        StoredLaw("player.inventory.wood.up@0#1", "words 0", WOOD.strip(), 0),
    )
    assert report.num_questions == report.num_asked == num_requests
    assert report.num_unanswered == 0
    num_others = report.num_questions - 2  # two cases of wood going up
    assert report.num_proposals == 2 * 4 + num_others
    assert report.num_rejections == {
        "wrong": 2,
        "rejected": 2,
        "timeout": 2,
        "duplicate": 1,
        "silent": num_others,
    }
    assert any("laws import nothing" in rejection.text for rejection in report.rejections)

    model = learn(report.book.in_sandbox(), life, WORLD.observables)
    state = meadow()
    state.player.inventory.wood = 4
    after = step(state, "do").next_state
    unchanged = after.copy()
    unchanged.player.inventory.wood = 4
    more = after.copy()
    more.player.inventory.wood = 6
    right, *wrong = model.log_probs(state, "do", [after, unchanged, more])
    assert right > max(wrong) + 3
    assert model.sample(0, state, "do").player.inventory.wood == 5
    assert model.sample(0, state, "noop").player.inventory.wood == 4
    turned = state.copy()
    turned.player.facing = Position(1, 0)
    assert model.sample(0, turned, "do").player.inventory.wood == 4


def test_it_is_a_law_synthesizer(life: Life, tmp_path: Path):
    with serving(about_wood(WOOD)) as server, ChatClient(server.config()) as client:
        synthesizer: LawSynthesizer[WorldState, str] = LLMSynthesizer(client, WORLD, tmp_path)
        assert synthesizer.propose([]) == []
        assert server.requests == []
        (law,) = synthesizer.propose(life[:1])
        assert law.precondition(life[0].state, "do")
        assert not law.precondition(life[0].state, "noop")


def test_what_was_asked_before_is_not_asked_again(life: Life, tmp_path: Path):
    before, num_requests = asked(about_wood(WOOD), life[:3], tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(files) == num_requests == before.num_questions
    assert "000000.player.inventory.wood.up.jsonl" in files
    after, num_requests = asked(about_wood(WRONG), life[:3], tmp_path)
    assert num_requests == after.num_asked == 0
    assert after.book.laws == before.book.laws != ()
    (tmp_path / "000000.player.inventory.wood.up.jsonl").unlink()
    after, num_requests = asked(about_wood(WOOD), life[:3], tmp_path)
    assert num_requests == after.num_asked == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_run_that_broke_off_goes_on_where_it_was(life: Life, tmp_path: Path):
    answers, good = itertools.count(1), about_wood(WOOD)

    def breaks(request: Request) -> Response:
        return good(request) if next(answers) <= 4 else Response(b"gone", 403)

    with pytest.raises(ChatError, match="403"):
        asked(breaks, life, tmp_path)
    num_kept = len(list(tmp_path.glob("*.jsonl")))
    assert num_kept == 4
    assert len(list(tmp_path.iterdir())) == num_kept
    report, num_requests = asked(good, life, tmp_path)
    assert num_requests == report.num_questions - num_kept


def test_a_record_has_the_question_and_every_answer(life: Life, tmp_path: Path):
    seen: dict[str, int] = {}

    def answer(request: Request) -> Response:
        text = request.messages[-1]["content"]
        seen[text] = seen.get(text, 0) + 1
        return completion("no tags" if seen[text] == 1 else law_block(SILENT))

    report, _ = asked(answer, life[:1], tmp_path)
    assert report.num_unanswered == 0
    assert report.num_proposals == report.num_questions == len(seen)
    lines = (tmp_path / "000000.step_count.up.jsonl").read_text("utf-8").splitlines()
    question, first, second = [json.loads(line) for line in lines]
    assert question["model"] == "test-model"
    assert question["messages"][-1]["content"] in seen
    assert first == {"answer": "no tags"}
    assert second == {"answer": law_block(SILENT)}


def test_a_question_without_a_usable_answer_is_counted_and_not_asked_again(
    life: Life, tmp_path: Path
):
    def silent(request: Request) -> Response:
        del request
        return completion("I cannot tell.")

    report, num_requests = asked(silent, life[:1], tmp_path)
    assert report.book.laws == ()
    assert report.num_unanswered == report.num_questions == num_requests / 3
    assert report.num_proposals == 0
    report, num_requests = asked(silent, life[:1], tmp_path)
    assert num_requests == 0
    assert report.num_unanswered == report.num_questions


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("", "is no record"),
        ("[]\n", "is no record"),
        ('{"format_version": 1', "is no record"),
        ('{"format_version": 1}\n{"answer": 3}\n', "is no record"),
        ('{"format_version": 1}\n{"reply": "x"}\n', "is no record"),
        ('{"format_version": 2}\n', "differs in 'format_version'"),
        ('{"format_version": 1, "model": "other"}\n', "differs in 'model'"),
        ('{"format_version": 1, "model": "test-model", "messages": []}\n', "differs in 'messages'"),
    ],
)
def test_a_record_that_does_not_belong_here_is_named(tmp_path: Path, damage: str, message: str):
    path = tmp_path / "000000.step_count.up.jsonl"
    path.write_text(damage, "utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_record(path, [{"role": "user", "content": "how?"}], "test-model")
    assert str(path) in str(caught.value)


def test_records_of_another_life_stop_the_run_before_anything_is_asked(life: Life, tmp_path: Path):
    asked(about_wood(WOOD), life[:1], tmp_path)
    with (
        serving(about_wood(WOOD)) as server,
        ChatClient(server.config()) as client,
        pytest.raises(ValueError, match="another run"),
    ):
        LLMSynthesizer(client, WORLD, tmp_path).ask([step(meadow(7), "do")])
    assert server.requests == []


def test_laws_are_stored_and_come_back(life: Life, tmp_path: Path):
    path = tmp_path / "new" / "laws.json"
    book = PythonBook(WORLD, (StoredLaw("wood", "wörds", WOOD, 0), StoredLaw("tree", "", TREE, 2)))
    save_python_book(path, book, weights={"wood": 0.5}, inertia=2.0, origin={"seed": 3})
    assert [entry.name for entry in path.parent.iterdir()] == ["laws.json"]
    assert json.loads(path.read_text("utf-8"))["laws"][0] == {
        "name": "wood",
        "words": "wörds",
        "source": WOOD,
        "transition": 0,
        "weight": 0.5,
    }
    assert origin_of(path) == {"seed": 3}
    again, weights, inertia = load_python_book(path)
    assert (again.world.name, again.laws) == (WORLD.name, book.laws)
    assert (weights, inertia) == ({"wood": 0.5}, 2.0)
    first, _ = again.in_sandbox()
    assert first.precondition(life[0].state, "do")


def test_a_stored_law_that_cannot_be_run_is_named():
    with pytest.raises(ValueError, match=r"law 'bad' cannot be run: rejected: .*import"):
        PythonBook(WORLD, (StoredLaw("bad", "", HOSTILE, 0),)).in_sandbox()


def test_laws_in_python_see_only_worlds_that_have_a_codec(tmp_path: Path):
    homestead = world_named("homestead")
    with pytest.raises(ValueError, match="about crafter_oo, got homestead"):
        PythonBook(homestead, ()).in_sandbox()
    with (
        ChatClient(ChatConfig("a-model")) as client,
        pytest.raises(ValueError, match="about crafter_oo, got homestead"),
    ):
        LLMSynthesizer(client, homestead, tmp_path)


def test_the_page_shows_every_law_and_no_law_ends_its_block():
    ticks = 'x = """\n```\n````"""'
    book = PythonBook(WORLD, (StoredLaw("a", "Some words.", WOOD, 7), StoredLaw("b", "", ticks, 8)))
    page = python_book_text(book, {"a": 0.25})
    assert "## a\n\nOf transition 7, weight 0.25. Some words.\n\n```python\n" in page
    assert f"\n`````python\n{ticks}\n`````\n" in page
    assert "weight" not in python_book_text(book)


def test_the_language_of_a_file_of_laws_is_told(tmp_path: Path):
    path = tmp_path / "laws.json"
    save_python_book(path, PythonBook(WORLD, ()))
    with pytest.raises(ValueError, match=r"laws\.json holds laws in 'python', expected 'data'"):
        load_book(path)
    save_book(path, Book(WORLD, [], Knowledge("player", None, {}, {})))
    with pytest.raises(ValueError, match=r"laws\.json holds laws in 'data', expected 'python'"):
        load_python_book(path)


GOOD: dict[str, Any] = {"name": "a", "words": "", "source": "", "transition": 0, "weight": None}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"laws": {}}, "expected a list"),
        ({"laws": [3]}, r"laws\[0\] needs a name"),
        ({"laws": [{"name": "a", "words": "b"}]}, r"laws\[0\] needs a name"),
        ({"laws": [GOOD, {**GOOD, "name": "b", "source": 3}]}, r"laws\[1\] needs a name"),
        ({"laws": [{**GOOD, "transition": "x"}]}, r"laws\[0\] needs a name"),
        ({"laws": [GOOD, GOOD]}, "a name of its own"),
        ({"laws": [{**GOOD, "weight": -1}]}, "expected a number from 0 to inf, got -1"),
        ({"inertia": "much"}, "expected a number from 0 to inf, got 'much'"),
        ({"world": "nowhere"}, "unknown world 'nowhere'"),
        ({"origin": 3}, "expected an object as the origin, got int"),
        ({"format_version": 9}, "format version 9"),
    ],
)
def test_a_malformed_file_of_laws_is_named(tmp_path: Path, changes: dict[str, Any], told: str):
    path = tmp_path / "laws.json"
    save_python_book(path, PythonBook(WORLD, ()))
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(ValueError, match=told) as caught:
        load_python_book(path)
    assert str(path) in str(caught.value)
