"""The second pure core: what the points are good for. It may import scoring, and nothing else."""
