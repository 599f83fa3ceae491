"""Experiments: what a file says, what is measured, and what follows from it. Pure, no IO."""
