"""Signs that dialogs, lists and messages are drawn with, in ASCII.

Panels have signs of their own for both; borders, scroll bars and messages are Textual's.
"""

from __future__ import annotations

import unicodedata

_SIGNS = {
    "·": "-",
    "–": "-",
    "…": ".",
    "›": ">",
    "×": "x",
    "🔎": "/ ",
    "▶": ">",
    "▼": "v",
    "●": "*",
}
_EDGES = {"▁": "_", "▔": "-", "▌": "|", "▐": "|", "▏": "|", "▕": "|", "▎": "|", "▊": "|"}
_BOXES, _BLOCKS = range(0x2500, 0x2580), range(0x2580, 0x25A0)


def _line(sign: str) -> str:
    name = unicodedata.name(sign)
    crossing = any(word in name for word in ("DOWN", "UP", "ARC", "DIAGONAL"))
    if crossing or ("HORIZONTAL" in name and "VERTICAL" in name):
        return "+"
    return "|" if "VERTICAL" in name else "-"


_PLAIN = str.maketrans(
    {chr(code): _line(chr(code)) for code in _BOXES}
    | {chr(code): "#" for code in _BLOCKS}
    | _EDGES
    | _SIGNS
)


def plain(drawn: str) -> str:
    """The same with signs of ASCII, as wide as before; letters of events stay as they are."""
    return drawn if drawn.isascii() else drawn.translate(_PLAIN)
