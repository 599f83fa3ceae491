"""`controlroom answer`: runs a scenario's experiments and answers its brief's questions."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.answers.evidence import Evidence
from controlroom.answers.questions import QUESTIONS
from controlroom.answers.report import report
from controlroom.answers.saying import LANGS, Lang
from controlroom.answers.steps import STEPS, Mode, Step
from controlroom.commands.ended import code_of_run, may_be_left
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.experiment import StartExperiment
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.fault_runs import progress
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, absolute, perform, performed, told
from controlroom.commands.question import Consent, Question
from controlroom.commands.watching import watch
from controlroom.reports.html import as_html
from controlroom.reports.markdown import as_markdown
from controlroom.runs.answer_folder import AnswerFolder, named
from controlroom.runs.path_times import keep_hops
from controlroom.runs.registry import said
from controlroom.runs.store_reads import store_reads
from controlroom.settings import Settings
from host.durations import rounded
from host.paths import write_private

DESCRIPTION = (
    "Runs a scenario's experiments one after the other and answers the questions of its\n"
    "brief, in Markdown and HTML. Interrupted, it goes on where it was when asked again."
)
EXAMPLES = (
    "controlroom answer bands --quick --yes",
    "controlroom answer covid --full --lang es -o covid-answers",
    "controlroom answer covid --from r-0012 r-0031",
)
STORES = "stores"
"""The experiment beside which reads of the stores are timed."""
_UNCLEAN = "`controlroom chaos stop --all` ends what may still be injected."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to answer, how thoroughly, and where to."""
    parser.usage = "controlroom answer NAME [--quick | --full] [--from RUN|FOLDER ...]"
    add = parser.add_argument
    add("scenario", metavar="NAME", help=" or ".join(STEPS))
    parser.set_defaults(mode="quick")
    add("--quick", dest="mode", action="store_const", const="quick", help="about 10 min (default)")
    add("--full", dest="mode", action="store_const", const="full", help="about 90 min")
    add("--lang", choices=(*LANGS, "both"), default="both", help="of the sentences")
    add("-o", dest="folder", metavar="FOLDER", help="where it is kept; else of the state folder")
    add("--from", dest="runs", nargs="+", metavar="RUN", help="of these runs, or of an answer's "
        "folder: no load")  # fmt: skip
    add("--yes", action="store_true", help="do not ask")


@dataclass
class AnswerQuestions(Act):
    """Runs the experiments of an answer that are not done yet; each is an act of its own."""

    what: str
    mode: Mode = "quick"
    folder: str = ""
    runs: tuple[str, ...] = ()
    command = "answer"

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom answer {self.what} --{self.mode}"

    @property
    def kept(self) -> AnswerFolder:
        """Where it is kept."""
        return AnswerFolder(Path(self.folder))

    async def prepare(self, here: Here) -> Question:
        lasts, blast, done = 0.0, False, self.kept.done
        facts = []
        for step in STEPS[self.what]:
            if step.experiment in done:
                facts.append((step.experiment, f"done in {done[step.experiment]}"))
                continue
            start = StartExperiment(step.experiment, step.rounds(self.mode))
            asked = await start.prepare(here)
            assert start.spec is not None
            lasts += start.spec.lasts
            blast |= bool(asked.typed)
            facts.append((step.experiment, f"about {rounded(start.spec.lasts)}"))
        facts.append(("takes", f"about {rounded(lasts)}"))
        return Question(
            f"answer · {self.what}", "Start", "started", self.line(),
            self.what if blast else "", facts, running=True,
        )  # fmt: skip

    async def carry_out(self, here: Here) -> Answer:
        kept, steps = self.kept, STEPS[self.what]
        failed: list[tuple[Exit, str]] = []
        kept.begin(self.what, self.mode)
        talk(f"Answering {self.what} in {kept.path}")
        for place, step in enumerate(steps, 1):
            if step.experiment in kept.done:
                continue
            code, said_of = await self._run(step, f"{place} of {len(steps)}", here)
            if code in (Exit.INTERRUPTED, Exit.UNCLEAN):
                fix = _UNCLEAN if code is Exit.UNCLEAN else "The same command goes on."
                return Answer(said_of, fix=fix, code=code, left=said_of)
            failed += [(code, said_of)] if said_of else []
        told = "; ".join(said_of for _, said_of in failed)
        return Answer(told, code=_of_all([code for code, _ in failed]), left=told)

    async def _run(self, step: Step, place: str, here: Here) -> tuple[Exit, str]:
        """One experiment; what it left behind is kept. How it ended, in words where not well."""
        act = StartExperiment(step.experiment, step.rounds(self.mode))
        # what it hits was agreed to with the whole
        started = await perform(act, here, Consent(True, step.experiment))
        talk(started.said + started.more)
        assert act.run is not None
        self.runs = (*self.runs, act.run.id)
        interrupted = await watch(
            act.run,
            lambda view: f"{place} {progress(view, said(view))}",
            "Stopping: load and faults are ended.",
            last=False,
        )
        view = act.run.read_view()
        if view is None or may_be_left(view):
            return Exit.UNCLEAN, f"{act.run.id}: something may be left."
        if interrupted:
            return Exit.INTERRUPTED, f"{act.run.id} was interrupted."
        if not await keep_hops(act.run, here.target):
            talk("Prometheus says nothing of it: the time of each hop is not known.")
        if step.experiment == STORES:
            self.kept.keep_reads(await store_reads(here.target))
        self.kept.keep(step.experiment, act.run.path, view.state == "finished")
        code = code_of_run(view, act.run.read_result() or {}, interrupted)
        return code, "" if code is Exit.OK else f"{view.id} {view.state}: {view.bound}"


def _of_all(codes: Sequence[Exit]) -> Exit:
    """Of the experiments that did not end well: their code, where that is the same."""
    if not codes:
        return Exit.OK
    return codes[0] if len(set(codes)) == 1 else Exit.FAILED


async def main(args: argparse.Namespace) -> Exit:
    """Runs what is not done yet, and writes the report."""
    if args.scenario not in QUESTIONS:
        known = ", ".join(QUESTIONS)
        raise CommandError(f"No brief asks questions of {args.scenario}.", f"There are: {known}.")
    langs: Sequence[Lang] = LANGS if args.lang == "both" else (args.lang,)
    if args.runs:
        return _again(args, langs)
    act = AnswerQuestions(args.scenario, args.mode, str(_folder(args).path))
    code = told(await performed(act, args), False)
    runs = act.kept.evidence()
    if runs and code not in (Exit.INTERRUPTED, Exit.UNCLEAN):
        _write(args, langs, runs, act.kept.reads, act.kept.path)
    return code


def _folder(args: argparse.Namespace) -> AnswerFolder:
    """The one that was named, else the newest of the same that is not done, else a new one."""
    if args.folder:
        return AnswerFolder(Path(absolute(args.folder)))
    settings: Settings = args.settings
    root = settings.state_dir / "answers"
    name = f"{args.scenario}-{args.mode}"
    wanted = {step.experiment for step in STEPS[args.scenario]}
    for path in sorted(root.glob(f"{name}-*"), reverse=True):
        if not wanted <= set(AnswerFolder(path).done):
            return AnswerFolder(path)
    return AnswerFolder(root / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}")


def _again(args: argparse.Namespace, langs: Sequence[Lang]) -> Exit:
    """The report of runs that are there, or of an answer's folder; nothing is started."""
    settings: Settings = args.settings
    folders: list[Path] = []
    reads: Mapping[str, Sequence[float]] = {}
    place = Path(absolute(args.folder)) if args.folder else None
    for word in args.runs:
        kept = AnswerFolder(Path(absolute(word)))
        if kept.asked:
            folders += [kept.path / "runs" / run for run in kept.runs.values()]
            reads = kept.reads or reads
            place = place or kept.path
        elif (settings.state_dir / "runs" / word).is_dir():
            folders.append(settings.state_dir / "runs" / word)
        else:
            raise CommandError(
                f"{word} is no run, and no folder of an answer.", "See `controlroom run list`."
            )
    runs = named(folders)
    wrong = [one.run for one in runs.values() if one.plan["scenario"] != args.scenario]
    if wrong or not runs:
        said_of = ", ".join(wrong) or ", ".join(args.runs)
        raise CommandError(
            f"{said_of}: no experiment of {args.scenario} with a block that is over.",
            "Name runs of its shipped experiments.",
        )
    _write(args, langs, runs, reads, place or Path.cwd() / f"answers-{args.scenario}")
    return Exit.OK


def _write(args: argparse.Namespace, langs: Sequence[Lang], runs: Mapping[str, Evidence],
           reads: Mapping[str, Sequence[float]], folder: Path) -> None:  # fmt: skip
    """The report, and in a few words what it says."""
    date = time.strftime("%Y-%m-%d %H:%M")
    made = report(args.scenario, runs, reads, date, langs)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"report.md": as_markdown(made), "report.html": as_html(made)}
    for name, text in texts.items():
        write_private(folder / name, text)
    files = [str(folder / name) for name in texts]
    answers = [
        {"question": one.words.by(lang), "lang": lang, "answer": text}
        for one in QUESTIONS[args.scenario]
        for lang in (langs if args.json else langs[:1])
        for text in _first(one.answer(runs, reads), lang)
    ]
    if args.json:
        facts: dict[str, Any] = {name: one.run for name, one in runs.items()}
        emit_json({"scenario": args.scenario, "runs": facts, "files": files, "answers": answers})
        return
    for one in answers:
        emit(f"{one['question']}\n  {one['answer']}")
    talk("\n".join(files))


def _first(pieces: Sequence[Any], lang: Lang) -> list[str]:
    """The first sentence of an answer."""
    from controlroom.answers.saying import Said

    return [piece.by(lang) for piece in pieces if isinstance(piece, Said)][:1]
