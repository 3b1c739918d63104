"""The pure core: how many points, and why."""
