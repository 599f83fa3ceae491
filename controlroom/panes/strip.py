"""The run strip: what acts on the target now, how far it is, what ended last."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.strip import Strip

from controlroom.commands.registry import key_label
from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import RUNS, Frame
from controlroom.model.run import RunView
from controlroom.panes import text
from controlroom.panes.pane import Rows
from controlroom.panes.text import Span
from controlroom.runs.registry import kind_of, said
from host.durations import format_duration

_WIDE = 100
"""Cells from which titles are written out."""
_ENDED_FOR = 120.0
"""Seconds that an ended run stays in the strip."""


def shown(runs: Sequence[RunView], now: float, room: int) -> list[RunView]:
    """Active runs first, the newest load and the newest fault before others, then ended ones."""
    active = [run for run in runs if run.active]
    active.sort(key=lambda run: run.started, reverse=True)
    firsts = {run.kind: run for run in reversed(active)}
    ordered = list(firsts.values()) + [run for run in active if run is not firsts[run.kind]]
    ended = [r for r in runs if not r.active and r.ended and now - r.ended < _ENDED_FOR]
    ended.sort(key=lambda run: run.ended or 0, reverse=True)
    chosen = [*ordered, *ended][:room]
    return sorted(chosen, key=lambda run: kind_of(run.kind).injects)


class RunStrip(Rows):
    """One row per run, as many as fit."""

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The runs; while one is active or has just ended, twice a second, also the time."""
        found = frame[RUNS]
        runs = found.value.runs if found.value else ()
        timed = not found.health.ok or bool(shown(runs, frame.now, 1))
        return (found.value, found.health, int(frame.now * 2) if timed else 0)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """The runs, or which key starts one."""
        look = self.look
        found = frame[RUNS].value
        runs = found.runs if found else ()
        active = sum(1 for run in runs if run.active)
        rows = []
        left = found.left if found else ()
        room = height - 1 if left else height
        listed = shown(runs, frame.now, room)
        for run in listed:
            spans = self._load(run, frame.now, width) if run.load else self._other(run, frame.now)
            rows.append(text.row(text.fitted(spans, width, look.signs), width, look.text))
        if rows and active > sum(1 for run in listed if run.active):
            hidden = active - sum(1 for run in listed if run.active)
            last: list[Span] = [(segment.text, segment.style or look.text) for segment in rows[-1]]
            rows[-1] = text.ends(last, [(f"  +{hidden} ", look.bad)], width, look.text)
        if left:
            rows.append(text.row([self._left(left, frame.read_only)], width, look.text))
        elif len(rows) < height:
            rows.append(text.row([self._idle(frame, active)], width, look.text))
        rows += [text.row([], width, look.text)] * (height - len(rows))
        return rows

    def _left(self, left: Sequence[ActiveEffect], read_only: bool) -> Span:
        """What nobody looks after any more, and the keys that end it."""
        dot = self.look.signs.dot
        names = ", ".join(f"{one.title} {one.run and f'of {one.run}'}".strip() for one in left[:2])
        more = f" and {len(left) - 2} more" if len(left) > 2 else ""
        keys = "" if read_only else f" {dot} f one by one {dot} ! ends all"
        sign = self.look.signs.away
        return f" {sign} left behind: {text.clean(names)}{more}{keys}", self.look.warn

    def _idle(self, frame: Frame, active: int) -> Span:
        look, dot = self.look, self.look.signs.dot
        health = frame[RUNS].health
        if frame[RUNS].value is None and not health.ok:
            error = f" ({text.clean(health.error)})" if health.error else ""
            return f"   runs: {health.state}{error}", look.dim
        if frame.read_only:
            return "   nothing runs" if not active else "", look.dim
        if active:
            return f"   ! stops all {dot} c chaos {dot} l load", look.dim
        load, chaos = key_label("load"), key_label("chaos")
        return f"   nothing runs {dot} press {load} for load, {chaos} for chaos", look.dim

    def _head(self, run: RunView, short: bool = False) -> list[Span]:
        look, signs = self.look, self.look.signs
        if run.active:
            sign = (
                (signs.fault, look.bad) if kind_of(run.kind).injects else (signs.run, look.accent)
            )
        elif run.state == "finished" and not (run.load and (run.load.failed or run.load.dropped)):
            sign = (signs.good, look.good)
        else:
            sign = (signs.fault, look.warn)
        title = text.clean(run.title)
        if short:
            return [(f" {sign[0]} ", sign[1]), (f"{run.kind} {run.id}", look.text)]
        words = title if title.startswith(run.kind) else f"{run.kind} {title}"
        return [(f" {sign[0]} ", sign[1]), (f"{run.id}  ", look.dim), (words, look.text)]

    def _load(self, run: RunView, now: float, width: int) -> list[Span]:
        look = self.look
        head = self._head(run, short=width < _WIDE)
        state = "" if run.state == "running" else f"  {self._ended(run)}"
        share = progress(run, now)
        after = self._figures(run, now, short=width < _WIDE)
        used = sum(text.width_of(part) for part, _ in [*head, *after]) + len(state)
        room = width - used - 10
        spans = [*head, (state, look.dim if run.active else look.text)]
        if share is not None and run.active:
            spans.append((f" {int(share * 100):>3} % ", look.bright))
            if room >= 9:
                spans += self._bar(share, min(30, room - 4))
        return [*spans, ("  ", look.text), *after]

    def _bar(self, share: float, width: int) -> list[Span]:
        """The filled part, and the track that is left."""
        look = self.look
        filled = text.bar(share, width, look.signs).rstrip()
        left = width - len(filled)
        on_track = look.accent + Style(bgcolor=look.track.bgcolor) if left else look.accent
        return [(filled, on_track), (look.signs.track * left, look.track)]

    def _figures(self, run: RunView, now: float, short: bool) -> list[Span]:
        look, load = self.look, run.load
        assert load is not None
        of = "" if load.total is None else f"/{load.total:,}"
        p99 = f"p99 {text.latency(load.p99, look.signs.none)}"
        if load.p99 is not None and load.p99 < 999.5:
            p99 += " ms"
        failed = look.bad if load.failed else look.dim
        spans: list[Span] = [
            (f"{load.answered:,}{of}", look.bright),
            (f"  {text.rate(load.rps)}/s  {p99}  ", look.text),
            (f"{load.failed:,} failed", failed),
        ]
        if load.dropped:
            spans.append((f"  {load.dropped:,} dropped", look.bad))
        if run.active and run.ends_at is not None:
            whole = f" left of {format_duration(round(run.ends_at - run.started))}"
            left = text.clock_left(run.ends_at - now)
            spans.append((f"  {left}{'' if short else whole}", look.dim))
        return spans

    def _other(self, run: RunView, now: float) -> list[Span]:
        look, dot = self.look, f" {self.look.signs.dot} "
        spans = self._head(run)
        chaos = run.chaos
        if chaos is not None:
            phase: str = chaos.phase
            if run.active and phase == "finished":
                phase = "over, waiting until all is back"
            elif not run.active:
                phase = "recovered" if chaos.recovered else "not recovered"
            style = look.bad if not run.active and not chaos.recovered else look.text
            spans.append((f"{dot}{phase}", style))
            if run.split is not None and run.split.requests:
                spans.append((f"{dot}{text.clean(run.split.said())}", look.dim))
            elif chaos.targets:
                spans.append((f"{dot}{', '.join(map(text.clean, chaos.targets))}", look.dim))
        else:
            spans.append((f"{dot}{self._ended(run)}", look.text))
            if figures := text.clean(said(run)):
                spans.append((f"{dot}{figures}", look.dim))
        if run.active and run.ends_at is not None:
            spans.append((f"   {text.clock_left(run.ends_at - now)} left", look.dim))
        return spans

    @staticmethod
    def _ended(run: RunView) -> str:
        bound = text.clean(run.bound)
        return f"{run.state} ({bound})" if bound and not run.active else run.state


def progress(run: RunView, now: float) -> float | None:
    """How far a load run is (0 to 1): by number where there is one, else by time."""
    load = run.load
    if load is not None and load.total:
        return min(1.0, load.answered / load.total)
    if run.ends_at is None or run.ends_at <= run.started:
        return None
    return min(1.0, max(0.0, (now - run.started) / (run.ends_at - run.started)))
