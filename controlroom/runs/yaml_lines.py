"""Where a field of a YAML file stands."""

from __future__ import annotations

from collections.abc import Sequence

import yaml


def line_of(tree: yaml.Node, path: Sequence[str | int]) -> int:
    """The line of the value, or of the nearest one above it that is there."""
    node = tree
    for step in path:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step] if step < len(node.value) else None
        if found is None:
            break
        node = found
    return int(node.start_mark.line) + 1
