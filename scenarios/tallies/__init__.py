"""Kinds of tallies: how an event is counted."""
