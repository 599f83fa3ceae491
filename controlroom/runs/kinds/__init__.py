"""The kinds of runs that the project has, a file each."""
