"""What the stand-ins run: one module each, called with the action's inputs as JSON in the environment."""
