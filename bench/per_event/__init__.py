"""A pipeline as usual implementations write it: every step awaited, one event at a time."""
