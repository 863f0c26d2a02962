"""What several losses share: stable operations, boundaries, mining, similarity."""
