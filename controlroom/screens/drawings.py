"""What closed pages and dialogs drew does not stay in memory."""

from __future__ import annotations

from textual._styles_cache import StylesCache


def let_go() -> None:
    """Textual 8 caches a method of the object that holds what a widget drew, and the cache keeps
    the last 1,024 of these objects: up to a megabyte for each page that was opened
    (https://github.com/Textualize/textual/issues/6665). What it knows is made anew at once."""
    StylesCache.get_inner_outer.cache_clear()
