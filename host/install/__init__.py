"""Brings programs onto the machine: whole or not at all, with one line per step."""
