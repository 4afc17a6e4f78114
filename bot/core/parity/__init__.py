"""Parity: how a clone differs from production, and why."""
