"""Plain data of the room: no input, no output, no clock."""
