"""What a scenario is: data that the services and the room read alike, one file each."""
