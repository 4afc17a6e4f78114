"""What GitHub says of itself, as a judge of the sandbox's GitHub: its OpenAPI description and its webhook examples."""
