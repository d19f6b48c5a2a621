"""`python -m worldmodels.onelife.record`: one life of the scripted player, into a file."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro


@dataclasses.dataclass(frozen=True)
class Config:
    """Record one life of the scripted player of Crafter-OO."""

    out: Path = Path("results/life.jsonl.gz")
    """The file to write."""
    seed: int = 0
    """Of the world and of the player."""
    steps: Annotated[int, tyro.conf.arg(metavar="N")] = 2000
    """At most so many; the life may end before."""
    quiet: bool = False
    """Show no progress bar."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    config = tyro.cli(Config, args=arguments, prog="worldmodels.onelife.record")
    if config.steps < 1:
        print(f"--steps is a positive number, got {config.steps}", file=sys.stderr)  # noqa: T201
        return 2
    from rich.console import Console
    from rich.progress import track

    from envs.crafter_oo.engine import initial_state, transition
    from envs.crafter_oo.scripted import ScriptedPlayer
    from worldmodels.onelife.crafter.world import CrafterWorld
    from worldmodels.onelife.trajectories import save

    first = state = initial_state(seed=config.seed)
    player = ScriptedPlayer(config.seed)
    steps = []
    for _ in track(range(config.steps), description="living", disable=config.quiet):
        action = player.act(state)
        state, _ = transition(state, action)
        steps.append((action.slug, state))
        if state.player.health <= 0:
            break
    header = {
        "explorer": "envs.crafter_oo.scripted",
        "seed": config.seed,
        "num_steps": len(steps),
    }
    save(config.out, CrafterWorld(), first, steps, header)
    unlocked = state.player.achievements.unlocked()
    end = "died" if state.player.health <= 0 else "lived on"
    Console(quiet=config.quiet).print(
        f"{len(steps)} steps, {end}; {len(unlocked)} achievements: {', '.join(unlocked)}.\n"
        f"Wrote {config.out} ({config.out.stat().st_size / 1e6:.2f} MB)."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
