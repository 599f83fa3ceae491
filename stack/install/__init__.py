"""`python -m stack.install` brings the engines onto the machine."""
