"""Breaks a stack at random while events come in, then looks for every single event."""
