"""`python -m worldmodels.onelife.datasets LIFE --name NAME`: a recorded life as a Minari data set.

One life is one episode of the id `crafteroo/<name>-v0` or `homestead/<name>-v0`: what the
environment lets an agent observe of each state, the action's index, the reward and the end. The
environment comes with it, so that `minari.load_dataset(id).recover_environment()` works.
"""

import dataclasses
import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import tyro

from envs.core import FunctionalEnv
from worldmodels.onelife.dreams import ENVIRONMENTS
from worldmodels.onelife.trajectories import Life, load, read_header
from worldmodels.onelife.worlds import world_named

NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
"""Names of data sets; Minari takes no others."""

_FIELDS: Final = {
    "crafter_oo": {"area": "size", "view": "view"},
    "homestead": {"size": "size"},
}
"""World -> keyword of its environment -> the attribute of a state that it has to equal."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Write a recorded life as a Minari data set."""

    life: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="LIFE")]
    """The file of a recorded life, .jsonl.gz."""
    name: str
    """The data set is called crafteroo/NAME-v0 or homestead/NAME-v0."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of all data sets; without it, the one that Minari uses."""
    quiet: bool = False
    """Print nothing."""


def export(life: str | os.PathLike[str], name: str, out: Path | None = None) -> tuple[str, Path]:
    """Write a recorded life as a Minari data set; it appears when it is complete.

    The last step is truncated where the life went on after the recording. The metadata has
    `world`, `seed`, `explorer` and `version`, that of this package.

    Args:
        life: File that `trajectories.save` wrote.
        name: Of the data set, without world and version.
        out: Folder of all data sets; None for the one that Minari uses.

    Returns:
        The id of the data set, and its folder.

    Raises:
        ImportError: Minari is not installed.
        ValueError: the file holds no life, the name is no name, or there is such a data set.
    """
    if NAME.fullmatch(name) is None:
        raise ValueError(
            f"the name of a data set consists of letters, digits, - and _; got {name!r}"
        )
    try:
        from minari.storage import get_dataset_path
    except ImportError as error:
        raise ImportError(
            "data sets need Minari, which is not installed: pip install 'armillary[data]'"
        ) from error
    header = read_header(life)
    environment = ENVIRONMENTS[header["world"]]
    dataset_id = f"{environment.rpartition('-')[0].lower()}/{name}-v0"
    folder = (get_dataset_path() if out is None else out) / dataset_id
    if folder.exists():
        raise ValueError(
            f"there is a data set {dataset_id} in {folder} already; choose another name, or "
            "delete that folder"
        )
    unfinished = folder.with_name(f".{folder.name}.partial")  # hidden ones are no data sets
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed
    try:
        _write(unfinished / "data", dataset_id, environment, load(life), header)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return dataset_id, folder


def _write(
    path: Path, dataset_id: str, environment: str, life: Life, header: dict[str, Any]
) -> None:
    import gymnasium
    import minari
    from minari.data_collector import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    from envs.catalog import find_world, load_core, make_params

    if not life:
        raise ValueError("a data set needs a life of one step or more; this one has none")
    fields = _FIELDS[header["world"]]
    keywords = {field: getattr(life[0].state, name) for field, name in fields.items()}
    row = find_world(environment)
    core, params = load_core(row), make_params(row, keywords)
    arrays = _arrays(core, params, life, world_named(header["world"]).actions)
    path.mkdir(parents=True)
    storage = MinariStorage.new(
        path,
        core.observation_space(params),
        core.action_space(params),
        gymnasium.make(f"envs:{environment}", **keywords).spec,
        jpeg_encoding=False,
    )
    storage.update_metadata(
        {
            "dataset_id": dataset_id,
            "minari_version": minari.__version__,
            "algorithm_name": str(header["explorer"]),
            "description": f"One life in {environment}, {len(life)} steps.",
            "world": header["world"],
            "seed": header.get("seed"),
            "explorer": header["explorer"],
            "version": importlib.metadata.version("armillary"),
        }
    )
    storage.update_episodes([EpisodeBuffer(seed=header.get("seed"), infos={}, **arrays)])


def _arrays(
    core: FunctionalEnv[Any, Any, Any], params: Any, life: Life, names: Sequence[str]
) -> dict[str, Any]:
    """Time leads every array; there is one observation more than actions."""
    actions = [names.index(step.action) for step in life]
    states = [life[0].state, *(step.next_state for step in life)]
    seen = [core.observe(state, params) for state in states]
    rewards = [
        core.reward(step.state, action, step.next_state, params)
        for step, action in zip(life, actions, strict=True)
    ]
    terminations = np.array([core.terminated(state, params) for state in states[1:]], bool)
    truncations = np.zeros(len(life), bool)
    truncations[-1] = not terminations[-1]
    return {
        "observations": {key: np.stack([obs[key] for obs in seen]) for key in seen[0]},
        "actions": np.array(actions, np.int64),
        "rewards": np.array(rewards, np.float64),
        "terminations": terminations,
        "truncations": truncations,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 2 after one line that says what is wrong.
    """
    config = tyro.cli(Config, args=arguments, prog="python -m worldmodels.onelife.datasets")
    try:
        dataset_id, folder = export(config.life, config.name, config.out)
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not config.quiet:
        sys.stdout.write(f"Wrote {folder}; minari.load_dataset({dataset_id!r}) reads it.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
