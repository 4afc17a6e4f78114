"""Runs of workflows that comments start: when they begin, what they plan once more, and what is said of their end."""
