"""Recordings: what the board was told, on disk, and the same frames made of it again."""
