"""A results page that opens from disk: the table, and pictures of what each model chose."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from evaluation.differences import differences
from evaluation.metrics import METRICS, settled
from evaluation.models import load
from evaluation.pictures import Gallery
from evaluation.protocol import SAMPLE, TRUTH, Candidate, Judgement, Place, judge
from evaluation.record import Result, Row, write_atomically
from evaluation.runner import Outcome
from evaluation.scenarios import Transition, record
from evaluation.table import TITLES, cell, notes_of

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
    gallery = Gallery()
    labels = list(dict.fromkeys(outcome.job.label for outcome in outcomes))
    sections = [
        _scenario(gallery, [outcome for outcome in outcomes if outcome.job.label == label])
        for label in labels
    ]
    page = _PAGE.format(
        title="State ranking",
        style=_STYLE + gallery.style,
        settings=_settings(result),
        table=_table(result),
        origin=_ORIGIN[result.config["protocol"]],
        notes="".join(f"<p class=note>{html.escape(note)}</p>" for note in notes_of(result.rows)),
        links=" ".join(f'<a href="#{label}">{label}</a>' for label in labels),
        sections="\n".join(sections),
    )
    path = directory / f"{result.benchmark}.html"
    write_atomically(path, page)
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


def _scenario(gallery: Gallery, outcomes: Sequence[Outcome]) -> str:
    """One scenario: before, after, and the candidates as each model ranked them."""
    job = outcomes[0].job
    recording = record(job.label)
    num_steps = len(recording.transitions)
    means = [sum(o.scores[0][step][_MRR] for o in outcomes) for step in range(num_steps)]
    step = means.index(min(means))
    transition = recording.transitions[step]
    strips = []
    for outcome in outcomes:
        model = load(outcome.job.model, job.observables, job.protocol)
        place = Place(job.seed, job.label, step, trial=0)
        judgement = judge(outcome.job.model, model, transition, job.protocol, place)
        compat = job.protocol == "compat"
        strips.append(_strip(gallery, outcome.job.model, judgement, transition, compat))
    before = gallery.show(transition.state, transition.before, "state before")
    after = gallery.show(transition.next_state, transition.after, "true next state")
    changes = _changes(transition.before, transition.after, limit=14)
    return (
        f'<section id="{job.label}"><h2>{job.label} <small>{recording.scenario.category} · step '
        f"{step + 1} of {num_steps}</small></h2>"
        f"<div class=step><figure>{before}<figcaption>state before</figcaption></figure>"
        f"<div class=action>{transition.action.slug.replace('_', ' ')}<b>→</b></div>"
        f"<figure>{after}<figcaption>true next state</figcaption></figure>"
        f"<div><h3>what changed</h3>{changes}</div></div>{''.join(strips)}</section>"
    )


def _strip(
    gallery: Gallery, name: str, judgement: Judgement, transition: Transition, compat: bool
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


_PAGE: Final = """<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{title} of world models on Crafter-OO</h1>
<p class=settings>{settings}</p>
<div class=scroll><table>{table}</table></div>
{notes}
<p class=note>Mean and standard error of the overall mean over trials. Published rows compare only
with protocol compat, observables onelife and the 23 published scenarios; hold the pointer over one
for its source. States are compared as JSON, without random state and event bus.</p>
<h2>Scenarios</h2>
<p class=note>Of each scenario: the step of the first trial that the models, on average, ranked
worst. Candidates stand in the order of the model's log-probability; below each, how it differs
from {origin}. <span class="key truth">true next state</span>
<span class="key sample">the model's own sample</span></p>
<nav>{links}</nav>
{sections}
</main>
</html>
"""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #66707f; --line: #dde2e9; --paper: #fff;
  --shade: #f5f7fa; --truth: #1a8f5a; --sample: #b7791f; --bar: #cfe3f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #98a2b0; --line: #323a46;
  --paper: #14181e; --shade: #1c222a; --truth: #43c98b; --sample: #e0a84a; --bar: #24405c; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 28px 20px 80px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 10px; }
h3 { font-size: 14px; margin: 14px 0 6px; }
small, .settings, .note { color: var(--soft); font-weight: normal; font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 18px 0 8px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 14px; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th:first-child { text-align: left; } tr:first-child th { color: var(--soft); font-size: 13px; }
td { background: linear-gradient(90deg, var(--bar) var(--share, 0%), transparent 0); }
.published { color: var(--soft); } .published th { font-weight: normal; }
nav { font-size: 13px; line-height: 2; } nav a { color: inherit; margin-right: 10px; }
section { border-top: 1px solid var(--line); margin-top: 28px; }
.step, .strip { display: flex; gap: 14px; align-items: flex-start; overflow-x: auto;
  padding-bottom: 6px; }
.strip { flex-wrap: wrap; }
.action { align-self: center; text-align: center; color: var(--soft); min-width: 90px; }
.action b { display: block; font-size: 26px; color: var(--ink); }
figure { margin: 0; flex: none; } figcaption { font-size: 12.5px; margin-top: 4px; }
.pic { display: block; width: 198px; height: 198px; background-size: 100% 100%;
  image-rendering: pixelated; border-radius: 6px; }
.card { width: 138px; padding: 6px; border: 2px solid var(--line); border-radius: 10px;
  background: var(--shade); }
.card .pic { width: 138px; height: 138px; } .card figcaption span { display: block;
  color: var(--soft); }
.truth { border-color: var(--truth); } .sample { border-color: var(--sample); }
.key { white-space: nowrap; border: 2px solid; border-radius: 6px; padding: 0 6px; }
.key.truth { color: var(--truth); } .key.sample { color: var(--sample); }
.changes { margin: 4px 0 0; padding: 0; list-style: none; font-size: 11.5px; color: var(--soft);
  overflow-wrap: anywhere; } .step .changes { font-size: 12.5px; columns: 2; column-gap: 28px; }
"""
