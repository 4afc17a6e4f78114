"""envclone: clones production by pull request."""
