"""The sandbox: local stand-ins for GitHub, AWS and Actions, so that anyone can try the bot with no account anywhere."""
