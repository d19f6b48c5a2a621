"""What the models are asked, and that all are asked the same."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import pytest
from typing_extensions import override

from envs.crafter_oo.engine import transition as true_transition
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import MAKE, PLACE, Action
from evaluation.arena import Protocol, Transition
from evaluation.arenas import arena_named
from evaluation.arenas.crafter_oo.policies import MOVES
from evaluation.arenas.crafter_oo.scenarios import ALL, COMPAT23, record, text_of
from evaluation.baselines import Random
from evaluation.protocol import (
    SAMPLE,
    TRUTH,
    Candidate,
    ModelError,
    Place,
    candidates_of,
    distractors,
    judge,
)
from worldmodels.interface import WorldModel

CRAFTER = arena_named("crafter_oo")
PROTOCOLS: tuple[Protocol, ...] = ("compat", "strict")
EVERY_STEP = [(label, step) for label in COMPAT23 for step in range(len(record(label).transitions))]


class Recorder(WorldModel[WorldState, Action]):
    """Writes down the candidates it is asked about."""

    def __init__(self, inner: WorldModel[WorldState, Action]) -> None:
        self.inner = inner
        self.keys: list[int] = []
        self.asked: list[list[str]] = []

    @override
    def sample(self, key: int, state: WorldState, action: Action) -> WorldState:
        self.keys.append(key)
        return self.inner.sample(key, state, action)

    @override
    def log_prob(self, state: WorldState, action: Action, next_state: WorldState) -> float:
        return self.inner.log_prob(state, action, next_state)

    @override
    def log_probs(
        self, state: WorldState, action: Action, next_states: Sequence[WorldState]
    ) -> list[float]:
        self.asked.append([text_of(candidate) for candidate in next_states])
        return self.inner.log_probs(state, action, next_states)


class Vandal(Random[WorldState]):
    """Breaks the contract: changes every state it sees."""

    @override
    def sample(self, key: int, state: WorldState, action: Action) -> WorldState:
        state.player.inventory.wood = 7
        return state

    @override
    def log_prob(self, state: WorldState, action: Action, next_state: WorldState) -> float:
        next_state.player.inventory.wood = state.player.inventory.wood = 8
        return 0.0


class Faulty(Random[WorldState]):
    """Fails in the way it is told."""

    def __init__(self, fault: Literal["nan", "raise", "short", "no state", "bad value"]) -> None:
        super().__init__(WorldState.copy)
        self.fault = fault

    @override
    def sample(self, key: int, state: WorldState, action: Action) -> WorldState:
        if self.fault == "no state":
            return "grass"  # type: ignore[return-value]  # the fault
        if self.fault == "bad value":
            state.player.health = object()  # type: ignore[assignment]  # the fault
        return state

    @override
    def log_probs(
        self, state: WorldState, action: Action, next_states: Sequence[WorldState]
    ) -> list[float]:
        if self.fault == "raise":
            raise ZeroDivisionError("by zero")
        if self.fault == "short":
            return [0.0]
        return [math.nan] * len(next_states)


def _model(name: str) -> WorldModel[WorldState, Action]:
    return CRAFTER.models[name]("full")


def _step(label: str, step: int = 0) -> tuple[Transition[WorldState, Action], Place]:
    return record(label).transitions[step], Place(42, label, step, trial=0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_models_face_the_same_distractors_and_keys(protocol: Protocol) -> None:
    transition, place = _step("eat_cow", 1)
    recorders = [Recorder(model) for model in map(_model, ("null", "random", "random_crafter"))]
    for recorder in recorders:
        judge(CRAFTER, "any", recorder, transition, protocol, place)
    others = [[*asked[:1], *asked[2:]] for recorder in recorders for asked in recorder.asked]
    assert others[0] == others[1] == others[2]
    assert recorders[0].asked[0][1] != recorders[2].asked[0][1], "their samples differ"
    assert len({recorder.keys[0] for recorder in recorders}) == 1


def test_another_trial_step_scenario_or_seed_gives_other_random_numbers() -> None:
    place = Place(42, "eat_cow", 1, 0)
    others = [
        place._replace(trial=1),
        place._replace(step=2),
        place._replace(label="wake_up"),
        place._replace(seed=43),
    ]
    keys = [each.key(purpose) for each in (place, *others) for purpose in ("sample", "shuffle")]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**63 for key in keys)


def test_random_streams_do_not_depend_on_the_process() -> None:
    """A golden value: Python's own hash of a text differs from process to process."""
    assert Place(42, "eat_cow", 1, 0).key("sample") == 7862066468595076924


@pytest.mark.parametrize(("label", "step"), EVERY_STEP)
def test_the_published_number_of_distractors(label: str, step: int) -> None:
    transition, place = _step(label, step)
    action = transition.action
    expected = 4 if action in MOVES else 6 if action is Action.DO or action in MAKE else 5
    for trial in range(3):
        assert (
            len(distractors(CRAFTER, transition, "compat", place._replace(trial=trial))) == expected
        )


@pytest.mark.parametrize("label", ALL)
def test_strict_distractors_differ_from_the_truth_and_keep_its_clock(label: str) -> None:
    for step, transition in enumerate(record(label).transitions):
        for candidate in distractors(CRAFTER, transition, "strict", Place(1, label, step, 0)):
            assert candidate.text != transition.after
            assert candidate.state.step_count == transition.next_state.step_count
            assert candidate.state.daylight == transition.next_state.daylight


def test_strict_drops_edits_of_creatures_where_there_are_none() -> None:
    found = {
        candidate.name
        for trial in range(20)
        for candidate in distractors(CRAFTER, *_args("wake_up", "strict", trial))
    }
    assert found == {"player_health", "inventory", "illegal_movement"}


def test_strict_drops_a_change_of_health_by_nothing() -> None:
    counts = Counter(
        candidate.name
        for trial in range(300)
        for candidate in distractors(CRAFTER, *_args("wake_up", "strict", trial))
    )
    assert 220 < counts["player_health"] < 280  # 250 expected, s.d. 6.5
    assert counts["inventory"] == 300


def test_strict_adds_illegal_placing() -> None:
    for action in PLACE:
        transition, place = _step(f"{action.slug}/ok")
        assert "place_illegal" in {
            c.name for c in distractors(CRAFTER, transition, "strict", place)
        }
        assert "place_illegal" not in {
            c.name for c in distractors(CRAFTER, transition, "compat", place)
        }


def test_a_sample_equal_to_the_truth_is_listed_twice_in_compat_only() -> None:
    transition, place = _step("collect_wood")
    sample = Candidate(SAMPLE, transition.next_state, transition.after)
    names = {
        protocol: [c.name for c in candidates_of(CRAFTER, transition, sample, protocol, place)]
        for protocol in PROTOCOLS
    }
    assert names["compat"][:2] == [TRUTH, SAMPLE]
    assert names["strict"][0] == TRUTH
    assert SAMPLE not in names["strict"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_perfect_model_that_does_not_know_the_clock_ties_only_where_it_must(
    protocol: Protocol,
) -> None:
    """Compat distractors keep the old clock, so nothing ties with the truth."""
    transition, place = _step("collect_wood")
    judgement = judge(CRAFTER, "oracle", _model("oracle"), transition, protocol, place)
    assert judgement.ranking == (1.0, 1.0, 1.0)
    assert judgement.fidelity == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_that_changes_its_input_harms_nobody_else(protocol: Protocol) -> None:
    transition, place = _step("eat_cow", 1)
    judge(CRAFTER, "vandal", Vandal(WorldState.copy), transition, protocol, place)
    assert text_of(transition.state) == transition.before
    assert text_of(transition.next_state) == transition.after
    assert (
        judge(CRAFTER, "oracle", _model("oracle"), transition, protocol, place).ranking.rank_at_1
        == 1.0
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("nan", "log_prob of the true next state candidate is nan"),
        ("raise", "log_probs raised ZeroDivisionError: by zero"),
        ("short", "1 log-probabilities for 8 states"),
        ("no state", "sample returned a str, not a WorldState"),
        ("bad value", "the JSON form of its sample raised TypeError"),
    ],
)
def test_a_fault_of_a_model_names_model_scenario_and_step(
    fault: Literal["nan", "raise", "short", "no state", "bad value"], message: str
) -> None:
    transition, place = _step("eat_cow", 1)
    with pytest.raises(ModelError, match=rf"model 'mine', scenario eat_cow, step 1.*({message})"):
        judge(CRAFTER, "mine", Faulty(fault), transition, "compat", place)


def test_the_true_next_state_is_first_and_true() -> None:
    transition, place = _step("zombie_defeat", 2)
    candidates = candidates_of(
        CRAFTER, transition, Candidate(SAMPLE, transition.state, ""), "compat", place
    )
    assert candidates[0].text == text_of(true_transition(transition.state, transition.action)[0])


def _args(
    label: str, protocol: Protocol, trial: int
) -> tuple[Transition[WorldState, Action], Protocol, Place]:
    return record(label).transitions[0], protocol, Place(42, label, 0, trial)
