"""What this machine does for stack, lab and images alike; it knows none of them."""
