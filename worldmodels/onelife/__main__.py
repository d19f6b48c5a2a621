"""`python -m worldmodels.onelife {explore,synthesize,fit,run,survey}`."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from worldmodels.onelife.synthesis.llm.client import ChatConfig, ChatError

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from worldmodels.onelife.pipeline import Tick
    from worldmodels.onelife.synthesis.llm.synthesizer import Report

_STEPS = 2000

Steps = Annotated[int, tyro.conf.arg(metavar="N")]


@dataclasses.dataclass(frozen=True)
class Common:
    """What all stages take."""

    out: Path = Path("results/onelife")
    """The folder: life.jsonl.gz, laws.json, laws.md. A stage that is done there is not repeated."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show nothing but errors."""


@dataclasses.dataclass(frozen=True)
class Asking(Common):
    """What stages take that may ask a language model."""

    model: str | None = None
    """The name of the language model that is asked (extra llm; its key is read from
    OPENAI_API_KEY)."""
    url: str | None = None
    """The address of an OpenAI-compatible server that has it, as in http://localhost:8000/v1.
    Default of --explorer language: OpenAI's."""


Synthesizer = Literal["inductive", "llm"]


@dataclasses.dataclass(frozen=True)
class Explore(Asking):
    """Live one life without goals or rewards, and write it down."""

    world: Literal["crafter_oo", "homestead"] = "crafter_oo"
    """Where to live."""
    seed: int = 0
    """Of the world and of the explorer."""
    steps: Steps = _STEPS
    """The most steps of the life, which may end before."""
    explorer: Literal["curious", "random", "language"] = "curious"
    """Who lives: one that seeks what it does not know yet, one that acts at random, or a language
    model."""


@dataclasses.dataclass(frozen=True)
class Synthesize(Asking):
    """Find laws in the life in the folder, as laws.json and, to be read, laws.md."""

    synthesizer: Synthesizer = "inductive"
    """Who finds them: an induction that needs nothing, or a language model (laws in Python, of
    crafter_oo only; needs --model and --url). Its answers are kept in records/, and no question is
    asked twice."""
    transitions: Steps | None = None
    """Use only so many, from the beginning of the life."""


@dataclasses.dataclass(frozen=True)
class Fit(Common):
    """Fit the weights of the laws in the folder to the life in it."""

    check: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Instead: induce laws from the first four fifths of the life, and print the mean
    log-probability of the rest with fitted weights and with their posterior (a minute or two)."""


@dataclasses.dataclass(frozen=True)
class Run(Explore):
    """Explore, synthesize, fit, and rank the model: from nothing to a number."""

    synthesizer: Synthesizer = "inductive"
    """As of synthesize."""
    trials: int = 5
    """Of the ranking."""


@dataclasses.dataclass(frozen=True)
class Survey:
    """Compare the curious explorer with a random one: steps lived, records, contexts tried."""

    world: Literal["crafter_oo", "homestead"] = "crafter_oo"
    """Where to live."""
    seeds: tuple[int, int] = (0, 20)
    """The first seed, and the one after the last."""
    steps: Steps = _STEPS
    """The most steps of a life."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("results/onelife")
    """Folder for survey.json."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show nothing but errors."""


Command = Explore | Synthesize | Fit | Run | Survey


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    commands: dict[str, Command] = {
        "explore": Explore(),
        "synthesize": Synthesize(),
        "fit": Fit(),
        "run": Run(),
        "survey": Survey(),
    }
    told = {name: str(default.__doc__).partition("\n")[0] for name, default in commands.items()}
    command: Command = tyro.cli(
        tyro.extras.subcommand_type_from_defaults(commands, told),
        args=arguments,
        prog="python -m worldmodels.onelife",
        config=(tyro.conf.AvoidSubcommands,),
    )
    try:
        _check(command)
    except ValueError as error:
        return _complain(error, 2)
    try:
        return _stages(command)
    except FileNotFoundError as error:
        return _complain(f"{error.filename} is not there; run the stage before this one first", 2)
    except (ValueError, OSError, ImportError, ChatError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; the stages that were done are kept", 1)


def _check(command: Command) -> None:
    steps = getattr(command, "transitions", None) or getattr(command, "steps", None)
    if steps is not None and steps < 1:
        raise ValueError(f"expected at least one step, got {steps}")
    if isinstance(command, Asking):
        _check_asking(command)
    if isinstance(command, Survey) and not command.seeds[0] < command.seeds[1]:
        raise ValueError(f"--seeds are the first and the one after the last, got {command.seeds}")


def _check_asking(command: Asking) -> None:
    explores = isinstance(command, Explore) and command.explorer == "language"
    synthesizes = isinstance(command, Synthesize | Run) and command.synthesizer == "llm"
    if not explores and not synthesizes:
        if command.model or command.url:
            raise ValueError("--model and --url go with --explorer language or --synthesizer llm")
        return
    if not command.model:
        raise ValueError("a language model needs a name: give --model")
    if synthesizes and not command.url:
        raise ValueError(
            "--synthesizer llm needs the address of a server: give --url, as in "
            "http://localhost:8000/v1"
        )
    if synthesizes and isinstance(command, Run):
        from worldmodels.onelife.synthesis.llm.book import codec_of
        from worldmodels.onelife.worlds import world_named

        codec_of(world_named(command.world))
    if command.url:
        _chat(command)


def _chat(command: Asking) -> ChatConfig:
    assert command.model is not None, "checked"
    assert command.url is not None, "checked"
    return ChatConfig(command.model, base_url=command.url)


def _stages(command: Command) -> int:
    match command:
        case Survey():
            return _survey(command)
        case Run():
            start = time.perf_counter()
            _explore(command)
            _synthesize(
                Synthesize(
                    out=command.out,
                    quiet=command.quiet,
                    model=command.model,
                    url=command.url,
                    synthesizer=command.synthesizer,
                )
            )
            _fit(Fit(command.out, command.quiet))
            status = _rank(command)
            _say(command, f"{time.perf_counter() - start:.0f} s in all")
            return status
        case Explore():
            _explore(command)
        case Synthesize():
            _synthesize(command)
        case Fit(check=True):
            _check_fit(command)
        case Fit():
            _fit(command)
    return 0


def _explore(command: Explore) -> None:
    from worldmodels.onelife.pipeline import LIFE_FILE, Exploration, explore

    asked = (command.model, command.url) if command.explorer == "language" else (None, None)
    config = Exploration(command.world, command.explorer, command.seed, command.steps, *asked)
    with _bar(command, "exploring") as tick:
        counts = explore(config, command.out, tick)
    records = [name.rpartition(".")[2] for name in counts["records"]]
    told = f", {len(records)} records: {', '.join(records)}" if records else ""
    _say(
        command,
        f"{command.out / LIFE_FILE}: {counts['steps']} steps, {counts['keys']} different actions "
        f"in context{told}",
    )


def _synthesize(command: Synthesize) -> None:
    from worldmodels.onelife.pipeline import (
        LIFE_FILE,
        ask_for_laws,
        stage_of,
        synthesize,
        write_laws,
    )
    from worldmodels.onelife.trajectories import load, read_header

    path = command.out / LIFE_FILE
    header = read_header(path)
    if stage_of(command.out) != "nothing":
        _say(command, f"{command.out} holds laws already; remove laws.json to make them anew")
        return
    life = load(path)[: command.transitions]
    origin = {**header, "transitions": len(life), "synthesizer": command.synthesizer}
    if command.synthesizer == "llm":
        whom = _chat(command)
        with _bar(command, "asking") as tick:
            report = ask_for_laws(life, str(header["world"]), whom, command.out, tick)
        origin |= {"synthesizer_model": whom.model, "synthesizer_url": whom.base_url}
        write_laws(command.out, report.book, origin)
        _say(command, _told(report))
        number = len(report.book.laws)
    else:
        with _bar(command, "synthesizing") as tick:
            book = synthesize(life, str(header["world"]), tick)
        write_laws(command.out, book, origin)
        number = len(book.laws)
    _say(command, f"{number} laws from {len(life)} transitions; {command.out / 'laws.md'}")


def _told(report: "Report[Any]") -> str:
    rejected = [f"{number} {reason}" for reason, number in sorted(report.num_rejections.items())]
    return (
        f"{report.num_questions} questions, {report.num_asked} asked now, "
        f"{report.num_unanswered} without a law; {report.num_proposals} laws proposed, rejected: "
        f"{', '.join(rejected) or 'none'}"
    )


def _check_fit(command: Fit) -> None:
    from worldmodels.onelife.calibration import check, split
    from worldmodels.onelife.pipeline import FIT, LIFE_FILE, synthesize
    from worldmodels.onelife.trajectories import load, read_header

    path = command.out / LIFE_FILE
    life = load(path)
    with _bar(command, "synthesizing") as tick:
        book = synthesize(split(life)[0], str(read_header(path)["world"]), tick)
    result = check(book, life, FIT)
    _say(
        command,
        f"mean log-probability of the last {result.num_transitions} transitions: "
        f"no laws {result.no_laws:.2f}, weights 1 {result.unweighted:.2f}, "
        f"fitted {result.fitted:.2f}, posterior {result.posterior:.2f}",
    )


def _fit(command: Fit) -> None:
    from worldmodels.onelife.learned import load_laws
    from worldmodels.onelife.pipeline import LIFE_FILE, fit, stage_of, write_model
    from worldmodels.onelife.synthesis.storage import LAWS_FILE, origin_of
    from worldmodels.onelife.trajectories import load

    path = command.out / LAWS_FILE
    if stage_of(command.out) == "model":
        _say(command, f"{path} has weights already; remove it to make the laws anew")
        return
    book = load_laws(path).book
    origin = origin_of(path)
    life = load(command.out / LIFE_FILE)[: origin.get("transitions")]
    with _bar(command, "fitting") as tick:
        model = fit(book, life, on_step=tick)
    write_model(command.out, book, model, origin)
    dropped = len(book.laws) - len(model.laws)
    _say(command, f"{len(model.laws)} laws with weights, {dropped} dropped; {path}")


def _rank(command: Run) -> int:
    """Rank the model beside its true kernel and the one that predicts no change."""
    arguments = ["--world", command.world, "--trials", str(command.trials)]
    for model in (str(command.out), "kernel", "null"):
        arguments += ["--model", model]
    arguments += ["--out", str(command.out), *(["--quiet"] if command.quiet else [])]
    program = [sys.executable, "-m", "evaluation.state_ranking", *arguments]
    return subprocess.run(program, check=False).returncode


def _survey(command: Survey) -> int:
    from worldmodels.onelife.exploration.survey import save, survey, table

    pairs = survey(command.world, range(*command.seeds), command.steps, command.jobs)
    path = command.out / "survey.json"
    save(path, command.world, pairs)
    _say(command, f"{table(pairs)}\nwrote {path}")
    return 0


@contextmanager
def _bar(command: Common, what: str) -> "Iterator[Tick]":
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=command.quiet, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def tick(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tick


def _say(command: Any, text: str) -> None:
    if not command.quiet:
        print(text)  # the command line


def _complain(error: object, status: int) -> int:
    print(f"error: {error}", file=sys.stderr)  # the command line
    return status


if __name__ == "__main__":
    sys.exit(main())
