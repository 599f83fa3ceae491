"""Which tests two processes share out between them (`make test`), and in which order.

A test of real engines mostly waits. Those of one folder stay together, as they share engines that
take seconds to bring up; those that need nothing go one by one to whoever is free, at the end, so
that both processes end at the same time.
"""

from __future__ import annotations

import pytest

from tests.needs import KINDS, NEEDS

TOGETHER = (*NEEDS, *KINDS)


def share_out(items: list[pytest.Item]) -> None:
    """Gives each test of engines, processes or pictures the group of its folder.

    Where several processes run the tests, the groups come first.
    """
    for item in items:
        if _of_a_group(item):
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
    if items and getattr(items[0].config.option, "loadgroup", False):
        items.sort(key=lambda item: not _of_a_group(item))


def _of_a_group(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in TOGETHER)
