"""How fast a shop works, and what it costs: `make bench`."""
