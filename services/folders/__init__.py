"""Miss. Code 37-3-67(b): the folder that goes home every month and comes back signed."""
