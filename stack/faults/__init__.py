"""Chaos Mesh objects, carried out on the stack's processes and links, each with an end."""
