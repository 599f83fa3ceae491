"""Kinds of views: what is asked of the tallies, and how the answer is shown."""
