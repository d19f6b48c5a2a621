"""Throughput: the command, its races, and workers that die or hang."""

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from toys import Drift, DriftParams

from combopt.bq.config import BQConfig
from combopt.bq.model import inputs_of
from combopt.bq.reduction import instances_of, start
from envs.catalog import find_world
from envs.classic import Cart
from envs.routing.generators import generate
from evaluation import throughput
from evaluation.racing import arrays, copies, decoders, events, objects, rollouts, walks
from evaluation.racing.batched import Program, Seen, of_autoreset, of_core
from evaluation.racing.cart import CartPole, CartState
from evaluation.racing.events import Contender, Event, Wanted
from evaluation.racing.rollouts import Job, racer
from evaluation.racing.workers import Setting, Worker, WorkerError

ONE: Final = Setting("1 core", 1)


def drift(num_envs: int) -> Program:
    """A point on a plane, which goes on after its end."""
    del num_envs
    return of_core(Drift(), DriftParams(), count=lambda worlds: 2 + 0 * worlds.time)


def drift_age(num_envs: int) -> Program:
    """The same; counts steps since the reset in place of objects."""
    return drift(num_envs)._replace(count=lambda worlds: worlds.time)


def drift_resets(num_envs: int) -> Program:
    """The same, begun anew when it ends."""
    return of_autoreset(Drift(), DriftParams(), num_envs, count=lambda worlds: worlds.time)


def blurred_drift(num_envs: int) -> Program:
    """One whose observations are no numbers."""
    plain = drift(num_envs)

    def step(key: Any, worlds: Any, actions: Any) -> Any:
        worlds, seen = plain.step(key, worlds, actions)
        return worlds, seen._replace(obs=jnp.full_like(seen.obs, jnp.nan))

    return plain._replace(step=step)


def misfit(num_envs: int) -> Program:
    """One that cannot be made."""
    raise ValueError(f"no program for {num_envs} worlds")


def echo() -> Callable[[Any], Any]:
    """Answers orders with themselves, kills its process on "die", and sleeps on "hang"."""

    def answer(order: Any) -> Any:
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "fail":
            raise ValueError("the last words")
        if order == "hang":
            time.sleep(60)
        if order == "settings":
            return sorted(os.sched_getaffinity(0)), os.environ["XLA_FLAGS"]
        return order

    return answer


@pytest.fixture
def worker() -> Any:
    worker = Worker("echo", ONE, echo)
    yield worker
    worker.close()


def test_a_worker_answers_orders_in_turn(worker: Worker):
    assert [worker.ask(order, 60.0) for order in (1, "two", None)] == [1, "two", None]


def test_a_worker_is_bound_to_its_core_before_jax_is_there(worker: Worker):
    cores, flags = worker.ask("settings", 60.0)
    assert cores == sorted(os.sched_getaffinity(0))[:1]
    assert "intra_op_parallelism_threads=1" in flags


def test_a_killed_worker_gives_one_clear_line(worker: Worker):
    with pytest.raises(WorkerError, match=r"^echo died \(exit status -9\): it said nothing$"):
        worker.ask("die", 60.0)


def test_a_failed_worker_is_quoted(worker: Worker):
    with pytest.raises(WorkerError, match=r"^echo died \(exit status 1\): .*the last words$"):
        worker.ask("fail", 60.0)


def test_a_worker_that_hangs_is_given_up_in_time(worker: Worker):
    worker.ask("ready", 60.0)
    with pytest.raises(WorkerError, match=r"^echo gave no answer within 0.1 s$"):
        worker.ask("hang", 0.1)


def test_a_turn_counts_the_steps_of_all_worlds():
    answer = racer()
    answer(Job(drift, "steps", 8, seed=0))
    lap = answer(0.01)
    assert lap.amount % 8 == 0
    assert lap.seconds >= 0.01


def test_worlds_without_resets_are_never_older_than_a_life():
    answer = racer()
    answer(Job(drift_age, "steps", 4, seed=0))
    lap = answer(0.05)
    assert 1 <= lap.num_objects <= rollouts.LIFE


def test_worlds_with_resets_go_on_from_turn_to_turn():
    answer = racer()
    answer(Job(drift_resets, "steps", 64, seed=0, resets=True, warm_up=40))
    lap = answer(0.01)
    assert 1 < lap.num_objects < 20  # in the middle of lives that last 20 steps at most


def test_the_state_of_a_world_is_weighed():
    prepared = racer()(Job(drift, "steps", 8, seed=0))
    assert prepared.bytes_per_world == 12  # two float32 and an int32
    assert prepared.compile_seconds > 0


def test_made_worlds_are_counted():
    answer = racer()
    answer(Job(drift, "worlds", 8, seed=0))
    lap = answer(0.001)
    assert lap.amount % 8 == 0
    assert lap.num_objects == 2


def test_observations_that_are_no_numbers_are_an_error():
    with pytest.raises(ValueError, match="not finite"):
        racer()(Job(blurred_drift, "steps", 8, seed=0))


TOYS: Final = Event(
    "toys",
    (Contender("ours", drift), Contender("theirs", drift, "toys")),
    (2, 8),
    {8: (Wanted("ratio", 1e-6), Wanted("bytes_per_world", 1.0, at_least=False))},
    settings=(ONE,),
)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "TURN_SECONDS", 0.01)


@pytest.mark.usefixtures("short")
def test_a_race_compares_ours_with_the_peer_in_every_heat():
    said: list[str] = []
    turns: list[None] = []
    standings = arrays.race(TOYS, 2, 0, said.append, lambda: turns.append(None))
    assert [(s.batch, s.contender.name) for s in standings] == [
        (2, "ours"),
        (2, "theirs"),
        (8, "ours"),
        (8, "theirs"),
    ]
    assert not said
    assert len(turns) == arrays.num_turns(TOYS, 2) == 8
    ours, theirs = standings[2:]
    rates = [standing.metrics()["per_second"] for standing in (ours, theirs)]
    assert ours.ratio == pytest.approx(rates[0] / rates[1])
    assert theirs.ratio is None
    assert ours.verdicts() == ["ratio >= 1e-06 ok", "bytes_per_world <= 1 missed"]


@pytest.mark.usefixtures("short")
def test_a_contender_that_fails_is_skipped_with_one_line():
    event = TOYS._replace(
        contenders=(Contender("ours", drift), Contender("theirs", misfit, "toys")), batches=(8,)
    )
    said: list[str] = []
    standings = arrays.race(event, 1, 0, said.append, lambda: None)
    assert [standing.contender.name for standing in standings] == ["ours"]
    assert standings[0].ratio is None
    (line,) = said
    assert line.startswith("theirs, 1 core died")
    assert line.endswith("no program for 64 worlds; skipped")


@pytest.mark.usefixtures("short")
def test_the_sharded_setting_steps_half_of_the_batch_on_each_device():
    halves = Setting("2 cores, sharded", 2, 2)
    event = TOYS._replace(contenders=TOYS.contenders[:1], batches=(8,), settings=(halves,))
    (standing,) = arrays.race(event, 1, 0, pytest.fail, lambda: None)
    assert standing.metrics()["bytes_per_world"] == 12


def test_small_batches_run_on_one_core_only():
    (steps, *_) = events.events((1, 64, 1024))
    settings = {batch: {setting.name for _, setting in steps.lanes(batch)} for batch in (1, 1024)}
    assert settings == {1: {"1 core"}, 1024: {"1 core", "2 cores", "2 cores, sharded"}}


@pytest.mark.usefixtures("short")
def test_the_command_writes_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(events, "events", lambda batches: (TOYS._replace(batches=batches),))
    arguments = ["--only", "arrays", "--batches", "8", "--rounds", "1", "--out", str(tmp_path)]
    assert throughput.main(arguments) == 0
    shown = capsys.readouterr().out
    assert "no accelerator: not measured" in shown
    record = json.loads((tmp_path / "throughput.json").read_text())
    ours = record["rows"][0]
    assert ours["name"] == "toys, batch 8: ours"
    assert {"steps_per_second", "steps_per_cpu_second", "ratio"} <= ours["metrics"].keys()
    assert ours["by"][0]["name"] == "1 core"


def test_a_missing_peer_is_skipped_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    event = TOYS._replace(contenders=(Contender("theirs", drift, "craftax"),), batches=())
    monkeypatch.setattr(events, "events", lambda batches: (event,))
    monkeypatch.setattr(arrays, "platform", lambda: "cpu")
    monkeypatch.setattr(throughput, "_takes_part", lambda package: package is None)
    assert throughput.main(["--only", "arrays", "--out", str(tmp_path)]) == 0
    assert "craftax is not installed, skipped: pip install craftax==" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--batches", "0"], ["--seed", "-1"]])
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
):
    assert throughput.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_objects_race_their_own_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = objects.Contender("engine", objects.Engine)
    monkeypatch.setattr(objects, "WORLDS", {"crafter_oo": (engine,)})
    arguments = ["--only", "objects", "--episodes", "1", "--rounds", "1", "--quiet"]
    assert throughput.main([*arguments, "--out", str(tmp_path)]) == 0
    (row,) = json.loads((tmp_path / "throughput.json").read_text())["rows"]
    assert row["metrics"]["steps_per_cpu_second"] > 0


WALK: Final = walks.Order(walks.ours, "tsp", "random", batch=3, size=6, steps=5, seed=0)


@pytest.mark.parametrize("world", ["tsp", "cvrp", "knapsack"])
@pytest.mark.parametrize("actions", ["random", "given"])
def test_walks_count_the_steps_of_all_instances(world: walks.World, actions: walks.Actions):
    answer = walks.runner()
    assert answer(WALK._replace(world=world, actions=actions)) is None
    lap = answer(0.0001)
    assert lap is not None
    assert lap.amount % (3 * 5) == 0
    assert lap.amount > 0


@pytest.mark.parametrize("world", ["tsp", "cvrp", "knapsack"])
def test_no_episode_of_a_heat_ends_before_its_last_step(world: walks.World):
    env, params = walks._world_of_ours(WALK._replace(world=world, size=walks.SIZE))
    state, obs = env.reset(jax.random.key(1), params)
    steps = walks.STEPS[world]
    step = jax.jit(env.step)
    for number in range(steps):
        assert not bool(env.terminated(state, params))
        mask = np.asarray(obs["action_mask"], bool)
        state, out = step(jax.random.key(0), state, jnp.int32(mask.nonzero()[0][-1]), params)
        obs = out.obs
        assert not bool(state.is_refused), number


def walk_in_place(order: walks.Order) -> Callable[[], None]:
    """One that does nothing."""
    del order
    return lambda: None


def walk_of_nobody(order: walks.Order) -> Callable[[], None]:
    """One that cannot be made."""
    raise ValueError(f"no walk in {order.world}")


def test_walks_are_compared_with_the_fastest_peer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walks, "TURN_SECONDS", 0.01)
    contenders = (
        walks.Contender("ours", walk_in_place, ("tsp",)),
        walks.Contender("peer", walk_in_place, ("tsp",), "peer"),
        walks.Contender("elsewhere", walk_in_place, ("cvrp",), "peer"),
        walks.Contender("nobody", walk_of_nobody, ("tsp",), "peer"),
    )
    said: list[str] = []
    standings = walks.race("tsp", contenders, 2, 0, said.append, batch=4)
    assert [(one.actions, one.contender.name) for one in standings] == [
        ("random", "ours"),
        ("random", "peer"),
        ("given", "ours"),
        ("given", "peer"),
    ]
    ours, peer, *_ = standings
    assert ours.ratio == pytest.approx(ours.per_cpu_second / peer.per_cpu_second)
    assert peer.ratio is None
    (line,) = said
    assert line.endswith("no walk in tsp; skipped")
    row = ours.row(2)
    assert row.name == "tsp, random actions: ours"
    assert set(row.metrics) == {"steps_per_second", "steps_per_cpu_second", "ratio"}


def test_the_ratio_is_to_the_fastest_peer_and_judged_for_random_actions_only():
    ours, slow, fast = (
        walks.Contender(name, walk_in_place, ("tsp",), package)
        for name, package in (("ours", None), ("slow", "slow"), ("fast", "fast"))
    )
    laps = {ours: [walks.Lap(70, 2.0, 1.0)], slow: [walks.Lap(1, 1.0, 1.0)]}
    laps[fast] = [walks.Lap(10, 1.0, 1.0), walks.Lap(5, 1.0, 1.0), walks.Lap(99, 1.0, 1.0)]
    standings = [
        *walks._standings("tsp", "random", laps),
        *walks._standings("tsp", "given", laps),
    ]
    assert standings[0].per_second == 35
    assert standings[0].ratio == 7.0
    table = walks.table(standings)
    assert list(table.columns[5].cells) == ["6 ok", "", "", "", "", ""]
    assert list(table.columns[4].cells)[3] == "7.00"


def test_the_command_races_walks_and_names_the_peers_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    contenders = (
        walks.Contender("ours", walk_in_place, ("cvrp",)),
        walks.Contender("theirs", walk_in_place, ("cvrp",), "rl4co"),
        walks.Contender("others", walk_in_place, ("tsp",), "jumanji"),
    )
    monkeypatch.setattr(walks, "CONTENDERS", contenders)
    monkeypatch.setattr(walks, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(throughput, "_takes_part", lambda package: package is None)
    assert throughput.main(["--world", "cvrp", "--rounds", "1", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "rl4co is not installed, skipped: pip install rl4co==" in shown
    assert "jumanji" not in shown
    rows = json.loads((tmp_path / "throughput.json").read_text())["rows"]
    assert [row["name"] for row in rows] == [
        "cvrp, random actions: ours",
        "cvrp, given actions: ours",
    ]


@pytest.mark.parametrize("actions", ["random", "given"])
@pytest.mark.parametrize(
    "contender",
    dict.fromkeys(
        each for heat in copies.HEATS["control"] for each in heat.contenders if not each.package
    ),
    ids=lambda contender: contender.name,
)
def test_copies_count_the_steps_of_all_worlds(contender: copies.Contender, actions: Any):
    answer = walks.runner()
    assert answer(copies.Order(contender.make, contender.world, actions, 3, 40, seed=0)) is None
    lap = answer(0.0001)
    assert lap is not None
    assert lap.amount % (3 * 40) == 0
    assert lap.amount > 0


def test_every_card_game_races_under_its_own_name():
    heats = copies.HEATS["memory"]
    assert len({find_world(heat.name).id for heat in heats}) == len(heats) == 18
    assert all([each.world for each in heat.contenders] == [heat.name] for heat in heats)
    copies.ours(copies.Order(copies.ours, heats[0].name, "random", 2, 3, seed=0))()


def test_the_cart_that_races_is_that_of_gymnasium():
    env, theirs = CartPole(), gymnasium.make("CartPole-v1").unwrapped
    obs, _ = theirs.reset(seed=5)
    state = CartState(cart=Cart(*(jnp.float32(number) for number in obs)), time=jnp.int32(0))
    ended, actions = False, np.random.default_rng(0).integers(0, 2, 500)
    for number, action in enumerate(actions):
        obs, reward, ended, *_ = theirs.step(int(action))
        state, out = env.step(jax.random.key(0), state, jnp.int32(action), None)
        np.testing.assert_allclose(out.obs, obs, atol=1e-4)
        assert (float(out.reward), bool(out.terminated)) == (reward, ended)
        assert int(state.time) == number + 1
        if ended:
            break
    assert ended
    last = dataclasses.replace(state, time=jnp.int32(500))
    assert bool(env.truncated(last, None))
    assert not bool(env.truncated(state, None))


def test_actions_are_drawn_evenly():
    numbers = np.asarray(copies.drawn_below(3)(jax.random.key(0), (300, 100)))
    np.testing.assert_allclose(np.bincount(numbers.ravel()) / 30_000, 1 / 3, atol=0.02)
    vectors = np.asarray(copies.drawn_in(2.0)(jax.random.key(0), (300, 100)))
    assert vectors.shape == (300, 100, 1)
    np.testing.assert_allclose([vectors.min(), vectors.max()], [-2, 2], atol=0.01)


def blurred_copies(order: copies.Order) -> Callable[[], None]:
    """A world whose rewards are no numbers."""

    def step(key: Any, worlds: Any, actions: Any) -> Any:
        return worlds, Seen(worlds, worlds * jnp.nan, worlds > 0)

    draw = copies.drawn_below(2)
    return copies.in_jax(order, copies.Batch(lambda keys: jnp.zeros(len(keys)), step, draw))


def test_copies_whose_rewards_are_no_numbers_are_an_error():
    run = blurred_copies(copies.Order(blurred_copies, "", "random", 2, 3, seed=0))
    with pytest.raises(ValueError, match="not finite"):
        run()


def idle_copies(order: copies.Order) -> Callable[[], None]:
    """One that does nothing."""
    del order
    return lambda: None


def copies_of_nobody(order: copies.Order) -> Callable[[], None]:
    """One that cannot be made."""
    raise ValueError(f"no copies of {order.world}")


IDLE: Final = copies.Heat(
    "idle",
    (
        copies.Contender("ours", idle_copies, "ours"),
        copies.Contender("peer", idle_copies, "peer", "peer", is_ours=False),
        copies.Contender("arrays", idle_copies, "arrays", actions=("given",), is_ours=False),
        copies.Contender("absent", idle_copies, "absent", "absent", is_ours=False),
        copies.Contender("nobody", copies_of_nobody, "it", actions=("random",)),
    ),
    "ratio",
    3.0,
)


def test_copies_race_whoever_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(copies, "TURN_SECONDS", 0.01)
    said: list[str] = []
    turns: list[None] = []
    standings = copies.race(
        [IDLE], lambda name: name != "absent", 2, 0, said.append, lambda: turns.append(None)
    )
    assert [(one.actions, one.contender.name) for one in standings] == [
        ("random", "ours"),
        ("random", "peer"),
        ("given", "ours"),
        ("given", "peer"),
        ("given", "arrays"),
    ]
    (line,) = said
    assert line.endswith("no copies of it; skipped")
    assert len(turns) == copies.num_turns([IDLE], lambda name: name != "absent", 2) == 18
    ours, peer, *_ = standings
    assert ours.ratio == pytest.approx(ours.per_cpu_second / peer.per_cpu_second)
    row = ours.row(2)
    assert row.name == "idle, 4096 copies, random actions: ours"
    assert set(row.metrics) == {"steps_per_second", "steps_per_cpu_second", "ratio"}


def test_the_first_of_a_heat_is_judged_under_random_actions_beside_packages_of_others():
    ours, peer, arrays_, *_ = IDLE.contenders
    laps = {
        ours: [walks.Lap(70, 2.0, 1.0)],
        peer: [walks.Lap(20, 1.0, 1.0)],
        arrays_: [walks.Lap(1000, 1.0, 1.0)],
    }
    random = copies._standings(IDLE, "random", laps)
    assert [one.ratio for one in random] == [3.5, None, None]
    assert [one.verdict() for one in random] == [">= 3 ok", "", ""]
    assert [one.verdict() for one in copies._standings(IDLE, "given", laps)] == ["", "", ""]
    cards = copies.HEATS["memory"][0]
    slow = copies._standings(cards, "random", {cards.contenders[0]: [walks.Lap(10, 1.0, 1.0)]})
    assert slow[0].verdict() == ">= 2 M missed"


def test_the_command_races_copies_and_names_the_peer_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    heat = IDLE._replace(
        contenders=(*IDLE.contenders[:1], IDLE.contenders[1]._replace(package="gymnax"))
    )
    monkeypatch.setattr(copies, "HEATS", {"control": (heat,)})
    monkeypatch.setattr(copies, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(throughput, "_takes_part", lambda package: package is None)
    assert throughput.main(["--world", "control", "--rounds", "1", "--out", str(tmp_path)]) == 0
    assert "gymnax is not installed, skipped: pip install gymnax==" in capsys.readouterr().out
    record = json.loads((tmp_path / "throughput.json").read_text())
    assert [row["name"] for row in record["rows"]] == [
        "idle, 4096 copies, random actions: ours",
        "idle, 4096 copies, given actions: ours",
    ]
    assert record["reference"][0]["name"] == "gymnax, CartPole"


SMALL: Final = BQConfig(dim=8, layers=2, heads=2, ff=16)


def test_decoders_give_the_same_tours_and_are_timed():
    standing = decoders.race(SMALL, size=12, batch=3, rounds=2, seed=0)
    assert standing.num_alike == standing.num_tours == 3
    assert standing.seconds > 0
    ours, plain = standing.rows(2)
    assert ours.metrics["ratio"] == pytest.approx(
        ours.metrics["cpu_seconds_per_instance"] / plain.metrics["cpu_seconds_per_instance"]
    )
    assert plain.metrics["same"] == 1.0


def test_the_plain_restatement_has_the_scores_of_the_network():
    network = decoders.awake_network(SMALL, seed=1)
    state = start(instances_of(generate("tsp", 7, 2, seed=0)))
    inputs = inputs_of(state)
    expected = network(inputs)[:, 1:-1]
    found = decoders._plain_network(network)(inputs.rows.float())[:, 1:-1]
    torch.testing.assert_close(found, expected)
    assert float(expected.detach().std()) > 1e-3


def test_other_tours_miss_the_mark():
    slow, other = decoders.Standing(0.6, 1.0, 8, 8), decoders.Standing(0.4, 1.0, 7, 8)
    for standing, verdict in (
        (slow, "missed"), (other, "missed"), (slow._replace(seconds=0.4), "ok")
    ):  # fmt: skip
        assert next(iter(standing.table().columns[3].cells)) == f"<= 0.5 {verdict}"


def test_the_command_races_decoders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("combopt.bq.config.PRESETS", {"paper": SMALL})
    monkeypatch.setattr(decoders, "SIZE", 8)
    assert throughput.main(["--world", "bq", "--rounds", "1", "--out", str(tmp_path)]) == 0
    assert "8 of 8" in capsys.readouterr().out
    rows = json.loads((tmp_path / "throughput.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["decoding", "plain restatement"]


def test_other_worlds_have_one_race(capsys: pytest.CaptureFixture[str]):
    assert throughput.main(["--world", "bq", "--only", "arrays"]) == 2
    assert "bq has one race" in capsys.readouterr().err
