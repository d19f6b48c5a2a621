"""Means over steps, trials and scenarios, on numbers small enough to check by hand."""

import math

import pytest

from evaluation.runner import COLUMNS, Job, Outcome, run
from evaluation.summary import row_of

WIDTH = len(COLUMNS)


def _outcome(label: str, scores: list[list[float]], **notes: float) -> Outcome:
    job = Job("crafter_oo", "mine", label, "full", "strict", len(scores), 42)
    return Outcome(job, [[(value,) * WIDTH for value in trial] for trial in scores], notes)


def test_steps_are_averaged_before_scenarios() -> None:
    row = row_of("mine", [_outcome("a", [[1.0, 0.0]]), _outcome("b", [[1.0]])])
    assert row.metrics["mrr"] == 0.75
    assert [part.metrics["mrr"] for part in row.by] == [0.5, 1.0]
    assert [part.metrics["transitions"] for part in row.by] == [2.0, 1.0]


def test_overall_std_is_the_mean_of_scenario_stds_and_stderr_is_of_the_trial_means() -> None:
    row = row_of("mine", [_outcome("a", [[0.0], [1.0]]), _outcome("b", [[1.0], [0.0]])])
    sd = math.sqrt(0.5)
    assert [part.std["mrr"] for part in row.by] == pytest.approx([sd, sd])
    assert row.std["mrr"] == pytest.approx(sd)
    assert row.stderr["mrr"] == 0.0, "both trials have the overall mean 0.5"
    assert row.by[0].stderr["mrr"] == pytest.approx(sd / math.sqrt(2))
    assert row.n == 2


def test_a_single_trial_has_no_spread() -> None:
    row = row_of("mine", [_outcome("a", [[0.5, 1.0]])])
    assert (row.stderr, row.std, row.n) == ({}, {}, 1)


def test_notes_add_up_over_scenarios() -> None:
    outcomes = [_outcome("a", [[0.5]], laws_skipped=2.0), _outcome("b", [[0.5]], laws_skipped=3.0)]
    assert row_of("mine", outcomes).metrics["laws_skipped"] == 5.0


def test_worker_processes_give_the_results_of_a_serial_run() -> None:
    labels = ("zombie_defeat", "eat_plant/ok")
    jobs = [
        Job("crafter_oo", model, label, "full", "compat", 2, 7)
        for model in ("random_crafter", "null")
        for label in labels
    ]
    done: list[Job] = []
    serial = run(jobs, "serial", 1, lambda job: None)
    assert run(jobs, "process", 2, done.append) == serial
    assert done == jobs
