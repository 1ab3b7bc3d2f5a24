"""The shared kit of Alliance: logs, relays, receivers and projections. It knows no service."""

__version__ = "0.1.0"
