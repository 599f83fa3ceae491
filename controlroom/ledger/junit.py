"""A run as JUnit XML, for what shows tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from controlroom.ledger.figures import named
from controlroom.ledger.gate import FLAG, Outcome
from controlroom.ledger.story import Story


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is good, bad (`failure`) or not known (`skipped`)."""

    name: str
    failure: str = ""
    skipped: str = ""


def cases(story: Story, outcomes: Sequence[Outcome]) -> list[Case]:
    """How it ended, what it left, what its books say, and each condition."""
    view, figures = story.record.view, named(story.figures)
    ended = f"{view.state}: {view.bound}"
    found = [Case("it came to its end", "" if view.state == "finished" else ended)]
    clean = story.record.result.get("clean")
    if view.chaos is not None or story.record.is_experiment:
        left = "something may still be injected"
        found.append(Case("nothing is left injected", "" if clean else left))
    for name in ("lost", "doubled"):
        if name in figures:
            value = figures[name]
            failure = f"{value:g} events {name}" if value else ""
            skipped = "not known" if value is None else ""
            found.append(Case(f"no event is {name}", failure, skipped))
    return found + [
        Case(f"{FLAG} {one.condition.text}", one.said if one.failed else "") for one in outcomes
    ]


def as_junit(story: Story, outcomes: Sequence[Outcome]) -> str:
    """One suite, named by the run."""
    record, every = story.record, cases(story, outcomes)
    lasted = max(record.ended - record.view.started, 0.0)
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.view.started))
    counts = {
        "tests": str(len(every)),
        "failures": str(sum(bool(one.failure) for one in every)),
        "errors": "0",
        "skipped": str(sum(bool(one.skipped) for one in every)),
    }
    top = Xml.Element("testsuites", {**counts, "time": f"{lasted:.3f}"})
    suite = Xml.SubElement(
        top, "testsuite",
        {"name": f"controlroom {record.id}", **counts, "time": f"{lasted:.3f}", "timestamp": began},
    )  # fmt: skip
    properties = Xml.SubElement(suite, "properties")
    for name, value in (("title", record.view.title), ("command", record.command)):
        Xml.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for number, one in enumerate(every):
        said = {"classname": f"controlroom.{record.view.kind}", "name": _clean(one.name)}
        # the whole run took the time, not its parts
        case = Xml.SubElement(
            suite, "testcase", {**said, "time": "0" if number else f"{lasted:.3f}"}
        )
        if one.failure:
            failure = Xml.SubElement(case, "failure", {"message": _clean(one.failure)})
            failure.text = _clean(one.failure)
        elif one.skipped:
            Xml.SubElement(case, "skipped", {"message": _clean(one.skipped)})
    Xml.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(top, "unicode") + "\n"


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(sign if sign in "\t\n" or " " <= sign < "\ud800" or "\ue000" <= sign <= "\ufffd"
                   or sign > "\uffff" else "?" for sign in text)  # fmt: skip
