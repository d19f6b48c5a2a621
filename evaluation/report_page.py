"""The frame of a results page: its HTML and its style."""

from typing import Final

PAGE: Final = """<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{title}</h1>
<p class=settings>{settings}</p>
<div class=scroll><table>{table}</table></div>
{notes}
<p class=note>Mean and standard error of the overall mean over trials. {published}{compared}</p>
<h2>Scenarios</h2>
<p class=note>Of each scenario: the step of the first trial that the models, on average, ranked
worst. Candidates stand in the order of the model's log-probability; below each, how it differs
from {origin}. <span class="key truth">true next state</span>
<span class="key sample">the model's own sample</span></p>
{votes}
<nav>{links}</nav>
{sections}
</main>
</html>
"""

PUBLISHED: Final = """Published rows compare only with protocol compat, observables onelife and the
23 published scenarios; hold the pointer over one for its source. """

VOTES: Final = """<p class=note>Models made of laws show which laws fired in the step and what they
voted for; p(truth) is what their weighted product gives to what came.
<b class=right>✓</b> the truth is what the law finds likeliest,
<b class=partly>~</b> it is among the values that the law names, <b class=wrong>✗</b> it is
not.</p>"""

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #66707f; --line: #dde2e9; --paper: #fff;
  --shade: #f5f7fa; --truth: #1a8f5a; --sample: #b7791f; --wrong: #c0392b; --bar: #cfe3f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #98a2b0; --line: #323a46;
  --paper: #14181e; --shade: #1c222a; --truth: #43c98b; --sample: #e0a84a; --wrong: #ff7b6b;
  --bar: #24405c; } }
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
.votes { font-size: 13px; margin: 2px 0 14px; } .votes summary { cursor: pointer;
  color: var(--soft); padding: 3px 0; } .votes summary b { font-weight: 600; margin-right: 2px; }
.votes table { margin: 4px 0 8px; font-size: 12.5px; } .votes th, .votes td { padding: 2px 12px;
  text-align: left; vertical-align: top; border: 0; background: none; white-space: normal; }
.votes th { font-weight: normal; } .votes tr:first-child > th:not([rowspan]) { color: var(--soft); }
.votes tbody { border-top: 1px solid var(--line); } .votes td.number { text-align: right;
  white-space: nowrap; }
.right { color: var(--truth); } .partly { color: var(--sample); } .wrong { color: var(--wrong); }
"""
