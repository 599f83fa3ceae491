"""The kinds of views, a file each."""
