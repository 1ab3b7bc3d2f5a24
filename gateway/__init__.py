"""The public edge: HTTP for programs under /v1, plain pages for people, and nothing that decides anything."""
