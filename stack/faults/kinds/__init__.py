"""The kinds of Chaos Mesh, a file each."""
