"""The map of the world: outlines, how they become dots, and how those are drawn."""
