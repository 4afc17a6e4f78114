"""What the sandbox's GitHub shows to people in a browser, on loopback: every address that it gives out opens. Start with `routes`."""
