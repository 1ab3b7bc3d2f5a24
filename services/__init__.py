"""The services of Alliance. None imports another."""
