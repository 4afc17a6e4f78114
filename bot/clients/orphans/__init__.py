"""What bears an environment's tag or label, in each cloud's own list: for a destroy, which looks for what it left."""
