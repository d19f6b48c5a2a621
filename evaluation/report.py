"""A results page that opens from disk: the table, what each model chose, and which laws voted."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from envs.files import write_text
from evaluation.arena import Arena, Transition
from evaluation.arenas import arena_named
from evaluation.differences import differences
from evaluation.metrics import METRICS, settled
from evaluation.models import load_model
from evaluation.pictures import Gallery
from evaluation.protocol import SAMPLE, TRUTH, Candidate, Judgement, Place, judge
from evaluation.record import Result, Row
from evaluation.report_page import PAGE, PUBLISHED, STYLE, VOTES
from evaluation.runner import Outcome
from evaluation.table import TITLES, cell, notes_of
from evaluation.votes import Explaining, votes_table

MAX_CHANGES: Final = 4  # differences listed per candidate
_ORIGIN: Final = {
    "compat": "the state before, of which the distractors are edits, the sample from the true next "
    "state",
    "strict": "the true next state",
}
_MRR: Final = METRICS.index("mrr")


def write_report(result: Result, outcomes: Sequence[Outcome], directory: Path) -> Path:
    """Write the page beside the record, and return its path.

    Of each scenario it shows one step of the first trial: the one that the models, on average,
    ranked worst.

    Args:
        result: the measurement.
        outcomes: all jobs of the measurement.
        directory: where to write `<benchmark>.html`.
    """
    arena = arena_named(outcomes[0].job.world)
    gallery = Gallery(arena.draw)
    labels = list(dict.fromkeys(outcome.job.label for outcome in outcomes))
    sections = [
        _scenario(arena, gallery, [outcome for outcome in outcomes if outcome.job.label == label])
        for label in labels
    ]
    jobs = [outcome.job for outcome in outcomes]
    models = [load_model(job.world, job.model, job.observables) for job in jobs]
    has_laws = any(isinstance(model, Explaining) for model in models)
    page = PAGE.format(
        title=f"State ranking of world models on {arena.title}",
        style=STYLE + gallery.style,
        settings=_settings(result),
        table=_table(result),
        published=PUBLISHED if result.reference else "",
        compared=arena.note,
        votes=VOTES if has_laws else "",
        origin=_ORIGIN[result.config["protocol"]],
        notes="".join(f"<p class=note>{html.escape(note)}</p>" for note in notes_of(result.rows)),
        links=" ".join(f'<a href="#{label}">{label}</a>' for label in labels),
        sections="\n".join(sections),
    )
    path = directory / f"{result.benchmark}.html"
    write_text(path, page)
    return path


def _settings(result: Result) -> str:
    head = result.to_dict()
    config = result.config
    parts = [
        f"protocol <b>{config['protocol']}</b>",
        f"{html.escape(config['scenario_set'])} ({len(config['scenarios'])} scenarios)",
        f"observables {config['observables']}",
        f"{config['trials']} trials",
        f"seed {result.seed}",
        f"{result.seconds:.0f} s",
        f"armillary {head['version']}",
        f"git {head['git']}" if head["git"] else "",
    ]
    return " · ".join(part for part in parts if part)


def _table(result: Result) -> str:
    heads = "".join(f"<th>{TITLES[name]}" for name in METRICS)
    lines = [f"<tr><th>model{heads}"]
    lines += [_line(row) for row in result.rows]
    for reference in result.reference:
        values = "".join(f"<td>{cell(name, reference.metrics.get(name), None)}" for name in METRICS)
        tip = html.escape(f"{reference.source}. {reference.conditions}.")
        lines.append(
            f'<tr class=published title="{tip}"><th>{html.escape(reference.name)} '
            f"<small>published</small>{values}"
        )
    return "\n".join(lines)


def _line(row: Row) -> str:
    values = []
    for name in METRICS:
        share = 100 * row.metrics[name] if name in ("rank_at_1", "mrr") else 0
        bar = f' style="--share:{share:.0f}%"' if share else ""
        values.append(f"<td{bar}>{cell(name, row.metrics[name], row.stderr.get(name))}")
    return f"<tr><th>{html.escape(row.name)}{''.join(values)}"


def _scenario(arena: Arena[Any, Any], gallery: Gallery, outcomes: Sequence[Outcome]) -> str:
    """One scenario: before, after, and the candidates as each model ranked them."""
    job = outcomes[0].job
    recording = arena.record(job.label)
    num_steps = len(recording.transitions)
    means = [sum(o.scores[0][step][_MRR] for o in outcomes) for step in range(num_steps)]
    step = means.index(min(means))
    transition = recording.transitions[step]
    strips = []
    for outcome in outcomes:
        name = outcome.job.model
        model = load_model(job.world, name, job.observables)
        place = Place(job.seed, job.label, step, trial=0)
        judgement = judge(arena, name, model, transition, job.protocol, place)
        strips.append(_strip(gallery, name, judgement, transition, job.protocol == "compat"))
        state, next_state = arena.copy(transition.state), arena.copy(transition.next_state)
        strips.append(votes_table(model, state, transition.action, next_state))
    before = gallery.show(transition.state, transition.before, "state before")
    after = gallery.show(transition.next_state, transition.after, "true next state")
    changes = _changes(transition.before, transition.after, limit=14)
    steps = f"step {step + 1} of {num_steps}"
    heading = f"{recording.category} · {steps}" if recording.category else steps
    return (
        f'<section id="{job.label}"><h2>{job.label} <small>{heading}</small></h2>'
        f"<div class=step><figure>{before}<figcaption>state before</figcaption></figure>"
        f"<div class=action>{html.escape(arena.action_name(transition.action))}<b>→</b></div>"
        f"<figure>{after}<figcaption>true next state</figcaption></figure>"
        f"<div><h3>what changed</h3>{changes}</div></div>{''.join(strips)}</section>"
    )


def _strip(
    gallery: Gallery,
    name: str,
    judgement: Judgement,
    transition: Transition[Any, Any],
    compat: bool,
) -> str:
    """The candidates of one model, best first."""
    log_probs = settled(judgement.log_probs)
    order = sorted(range(len(log_probs)), key=lambda i: -log_probs[i])
    cards = []
    listed = [judgement.candidates[i] for i in order]
    for index, candidate in zip(order, listed, strict=True):
        better = sum(value > log_probs[index] for value in log_probs)
        tied = sum(value == log_probs[index] for value in log_probs)
        rank = f"{better + 1}" if tied == 1 else f"{better + 1}&ndash;{better + tied}"
        is_edit = candidate.name not in (TRUTH, SAMPLE)
        origin = transition.before if compat and is_edit else transition.after
        cards.append(_card(gallery, candidate, rank, log_probs[index], origin))
    is_listed = any(candidate.name == SAMPLE for candidate in listed)
    exact = "" if is_listed else "its sample is the true next state · "
    scores = (
        f"{exact}reciprocal rank {judgement.ranking.reciprocal_rank:.3f} · "
        f"edit distance of the sample {judgement.fidelity.raw_edit:.0f}"
    )
    return (
        f"<h3>{html.escape(name)} <small>{scores}</small></h3>"
        f"<div class=strip>{''.join(cards)}</div>"
    )


def _card(gallery: Gallery, candidate: Candidate, rank: str, log_prob: float, origin: str) -> str:
    """One candidate, with its differences from `origin`, a canonical text."""
    kind = {TRUTH: "truth", SAMPLE: "sample"}.get(candidate.name, "")
    title = candidate.name.replace("_", " ")
    picture = gallery.show(candidate.state, candidate.text, title)
    value = f"{log_prob:.2f}".replace("-inf", "-&infin;").replace("-", "&minus;")
    if candidate.name == TRUTH:
        changes = "<ul class=changes></ul>"
    elif candidate.text == origin:
        changes = "<ul class=changes><li>no difference</ul>"
    else:
        changes = _changes(origin, candidate.text, MAX_CHANGES)
    return (
        f"<figure class='card {kind}'>{picture}<figcaption><b>{rank}</b> {title}"
        f"<span>ln p = {value}</span></figcaption>{changes}</figure>"
    )


def _changes(old: str, new: str, limit: int) -> str:
    found = differences(old, new)
    lines = [f"<li>{html.escape(line)}" for line in found[:limit]]
    if len(found) > limit:
        lines.append(f"<li>and {len(found) - limit} more")
    return f"<ul class=changes>{''.join(lines)}</ul>"
