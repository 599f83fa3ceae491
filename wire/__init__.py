"""What lies on the wire and in the stores: the one place where services and the room meet."""
