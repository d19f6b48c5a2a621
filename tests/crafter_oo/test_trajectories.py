"""Whole episodes, equal by digest to those of Crafter 1.8.3 with rendering off.

Actions are `RandomState(1000 + seed).randint(0, 17)`. The digests were taken from the reference
program, with its despawn pick in order of creation.
"""

import hashlib
import json

import numpy as np
import pytest

from envs.crafter_oo.draws import SequentialDraws
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.state import (
    ArrowState,
    ObjectState,
    PlantState,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.text import map_text

DIGESTS = {
    0: {
        0: "76d65bfb456c42b1",
        1: "b11a79106141e6c1",
        2: "11dc19a6df346b8a",
        5: "dd2ba244a2d31d83",
        10: "71d280ccea1d97ad",
        20: "8eb6774c1f1c4af4",
        50: "741942b42e96efde",
        100: "8045e52ca6e236a1",
        147: "7a8c712fd8046e61",
        150: "e15883921d882592",
        181: "379a6e5f6f860927",
    },
    1: {
        0: "779fddc586347d38",
        1: "c779e0e2cfb7bdba",
        2: "50b6b6c3b3e643cb",
        5: "6f83a63e5c7f3bfc",
        10: "0047f93524a7b783",
        20: "f3b669d9e057b201",
        50: "fd4439186637701a",
        100: "fff07af55cdb45ae",
        147: "f0abf77eeadca5e6",
        150: "66506a61c519530d",
        188: "53ca7890ae134d27",
    },
    2: {
        0: "c96725a5a8e98d14",
        1: "f89d3c8661a03f75",
        2: "8adc46e27dcd6079",
        5: "081910806ba22fc6",
        10: "c61226ae066e3523",
        20: "f6e7912eb2216691",
        50: "6059521dc1e16e56",
        100: "ebbf799fa92f4044",
        147: "280d6e105b85566a",
        150: "9d33b1d220abc68a",
        178: "bc22b6ab4b5598f4",
    },
}
RETURNS = {0: 0.1, 1: 2.1, 2: 2.1}


def extra(entity: ObjectState) -> object:
    match entity:
        case ZombieState():
            return entity.cooldown
        case SkeletonState():
            return entity.reload
        case ArrowState():
            return list(entity.facing)
        case PlantState():
            return entity.grown
    return None


def digest(state: WorldState) -> str:
    player = state.player
    assert isinstance(state.draws, SequentialDraws)
    data = {
        "step": state.step_count,
        "player": [
            *player.position,
            *player.facing,
            int(player.sleeping),
            float(player.hunger),
            float(player.thirst),
            float(player.fatigue),
            float(player.recover),
            player.last_health,
        ],
        "inventory": player.inventory.values(),
        "achievements": player.achievements.values(),
        "objects": [
            [e.name, e.position.x, e.position.y, e.health, extra(e)] for e in state.objects[1:]
        ],
        "rows": map_text(state.materials).split("\n"),
        "rng_pos": state.draws.position,
    }
    return hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()[:16]


@pytest.mark.parametrize("seed", DIGESTS)
def test_random_episode_equals_crafter(seed: int):
    random = np.random.RandomState(1000 + seed)
    state, total = initial_state(seed=seed), 0.0
    seen = {0: digest(state)}
    while state.player.health > 0:
        state, reward = transition(state, int(random.randint(0, 17)))
        total += reward
        if state.step_count in DIGESTS[seed]:
            seen[state.step_count] = digest(state)
    assert seen == DIGESTS[seed]
    assert total == pytest.approx(RETURNS[seed])
    assert state.step_count == max(DIGESTS[seed])
