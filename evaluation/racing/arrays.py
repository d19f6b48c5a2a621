"""The race of the array stepper against other programs that step many worlds at once.

Each contender has a process of its own for each setting, bound to one core or two; they are
prepared, then take turns over the rounds, and only one runs at a time. A contender is
represented by its faster setting; figures are medians over the rounds.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from evaluation.racing.events import DEFAULT, Contender, Event, Wanted
from evaluation.racing.rollouts import Job, Lap, racer
from evaluation.racing.workers import Setting, Worker, WorkerError
from evaluation.record import Row

TURN_SECONDS: Final = 0.7
LIMIT: Final = 240.0  # seconds that a worker may take for one order


class Standing(NamedTuple):
    """What one contender reached in one heat."""

    event: Event
    batch: int
    contender: Contender
    settings: Mapping[str, Mapping[str, float]]  # name of a setting -> metrics
    ratio: float | None  # rate over that of the fastest peer
    wanted: Sequence[Wanted]

    def fastest(self) -> str:
        """The setting that represents the contender."""
        return max(self.settings, key=lambda name: self.settings[name]["per_second"])

    def metrics(self) -> dict[str, float]:
        """Those of the fastest setting, and the ratio."""
        metrics = dict(self.settings[self.fastest()])
        if self.ratio is not None:
            metrics["ratio"] = self.ratio
        if self.event.worlds:
            metrics["milliseconds_per_world"] = 1000 / metrics["per_second"]
        return metrics

    def verdicts(self) -> list[str]:
        """As `ratio >= 4 ok`, for every figure that is wanted and known."""
        metrics = self.metrics()
        return [
            f"{wanted} {'ok' if wanted.is_met(metrics) else 'missed'}"
            for wanted in self.wanted
            if wanted.metric in metrics
        ]

    def row(self, rounds: int) -> Row:
        """The same for the record, split up by setting."""
        unit = "worlds" if self.event.worlds else "steps"

        def named(metrics: Mapping[str, float]) -> dict[str, float]:
            return {
                f"{unit}_{name}" if name.startswith("per_") else name: value
                for name, value in metrics.items()
            }

        by = tuple(Row(name, named(part), {}, rounds) for name, part in self.settings.items())
        name = f"{self.event.name}, batch {self.batch}: {self.contender.name}"
        return Row(name, named(self.metrics()), {}, rounds, by=by)


def platform() -> str:
    """What jax runs on when nobody says: `cpu`, `gpu`, ..., asked in a process of its own.

    Raises:
        WorkerError: the process died or hung.
    """
    worker = Worker("jax", DEFAULT[0], racer)
    try:
        return str(worker.ask(None, LIMIT))
    finally:
        worker.close()


def race(
    event: Event, rounds: int, seed: int, say: Callable[[str], None], on_turn: Callable[[], None]
) -> list[Standing]:
    """Run the heats of an event.

    Args:
        event: what to run; contenders whose package is missing must not take part.
        rounds: turns of each contender in each setting.
        seed: of the worlds and actions.
        say: told about every worker that is lost; its contender goes on without that setting.
        on_turn: called after each turn, and in place of each turn that is not taken.
    """
    lanes: dict[tuple[str, str], Lane] = {}
    standings = []
    try:
        for batch in event.batches:
            heat = []
            for contender, setting in event.lanes(batch):
                name = contender.name, setting.name
                if name not in lanes:
                    lanes[name] = Lane(contender, setting, say)
                heat.append(lanes[name])
            _prepare(heat, event, batch, seed)
            for _ in range(rounds):
                for lane in heat:
                    lane.turn()
                    on_turn()
            standings += _standings(heat, event, batch)
    finally:
        for lane in lanes.values():
            lane.close()
    return standings


def num_turns(event: Event, rounds: int) -> int:
    """How often `race` will call `on_turn`."""
    return rounds * sum(len(event.lanes(batch)) for batch in event.batches)


class Lane:
    """A contender in one setting. Once its worker is lost, nothing more happens in it."""

    def __init__(self, contender: Contender, setting: Setting, say: Callable[[str], None]) -> None:
        self.contender = contender
        self.setting = setting
        self._say = say
        self._worker: Worker | None = Worker(f"{contender.name}, {setting.name}", setting, racer)
        self._peak_bytes = 0
        self._figures: dict[str, float] = {}
        self._laps: list[Lap] = []

    def prepare(self, job: Job) -> None:
        """Tell the worker to begin with a job; `wait` before the first turn."""
        self._figures, self._laps = {}, []
        self._try(lambda worker: worker.send(job))

    def wait(self, *, is_timed: bool) -> None:
        """Wait until the job is prepared.

        Args:
            is_timed: whether nothing else ran meanwhile, so that the seconds mean something.
        """
        prepared = self._try(lambda worker: worker.receive(LIMIT))
        if prepared is None:
            return
        self._figures["bytes_per_world"] = prepared.bytes_per_world
        if self._peak_bytes:
            self._figures["peak_bytes_growth"] = prepared.peak_bytes - self._peak_bytes
        self._peak_bytes = prepared.peak_bytes
        if is_timed:
            self._figures["compile_seconds"] = prepared.compile_seconds
            self._figures["compile_cpu_seconds"] = prepared.compile_cpu_seconds

    def turn(self) -> None:
        """Run for a turn."""
        lap = self._try(lambda worker: worker.ask(TURN_SECONDS, LIMIT))
        if lap is not None:
            self._laps.append(lap)

    def metrics(self) -> dict[str, float] | None:
        """Medians over the turns; None: the worker is lost."""
        if self._worker is None:
            return None
        median = statistics.median
        return {
            "per_second": median(lap.amount / lap.seconds for lap in self._laps),
            "per_cpu_second": median(lap.amount / lap.cpu_seconds for lap in self._laps),
            "objects_per_world": median(lap.num_objects for lap in self._laps),
            **self._figures,
        }

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()

    def _try(self, what: Callable[[Worker], Any]) -> Any:
        if self._worker is None:
            return None
        try:
            return what(self._worker)
        except WorkerError as error:
            self._say(f"{error}; skipped")
            self._worker = None
            return None


def _prepare(heat: Sequence[Lane], event: Event, batch: int, seed: int) -> None:
    """Have all compiled: one by one where that is timed, else at the same time."""
    is_timed = batch == event.timed
    for group in [[lane] for lane in heat] if is_timed else [heat]:
        for lane in group:
            lane.prepare(event.job(lane.contender, batch, seed))
        for lane in group:
            lane.wait(is_timed=is_timed)


def _standings(heat: Sequence[Lane], event: Event, batch: int) -> list[Standing]:
    reached: dict[Contender, dict[str, dict[str, float]]] = {}
    for lane in heat:
        metrics = lane.metrics()
        if metrics is not None:
            reached.setdefault(lane.contender, {})[lane.setting.name] = metrics
    best = {
        contender: max(metrics["per_second"] for metrics in settings.values())
        for contender, settings in reached.items()
    }
    peers = [rate for contender, rate in best.items() if contender.package]
    return [
        Standing(
            event,
            batch,
            contender,
            settings,
            best[contender] / max(peers) if peers and contender.package is None else None,
            event.wanted.get(batch, ()) if contender.package is None else (),
        )
        for contender, settings in reached.items()
    ]
