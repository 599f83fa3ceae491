"""What can be done: one file per act or group of acts, and the wrap that all of them share."""
