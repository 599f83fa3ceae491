"""Documents that tell what was measured, and what they become: text, Markdown, one HTML page.

Pure functions: nothing here reads a run, a clock or a terminal.
"""

from controlroom.reports.document import (
    Document,
    Heading,
    Items,
    Paragraph,
    Part,
    Plot,
    Table,
)

__all__ = ["Document", "Heading", "Items", "Paragraph", "Part", "Plot", "Table"]
