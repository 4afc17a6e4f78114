"""What a forge knows: frozen records, replaced as a whole when something changes.

Every record carries the fields GitHub shows for it and no more. Times are aware and in UTC. Ids are unique per kind,
numbers are unique per repository (issues and pull requests share them, as on GitHub).
"""
