"""The read APIs of existing implementations, a file each: sets of routes of the reader."""
