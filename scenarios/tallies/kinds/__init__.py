"""The kinds of tallies, a file each."""
