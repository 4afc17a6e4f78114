"""The jobs of what happens on GitHub after a command: a pull request, a check or a deployment moved on, and whoever asked is told.

And of what happened without our hearing of it: GitHub delivers a comment once, and perhaps nobody was there to take it.
"""
