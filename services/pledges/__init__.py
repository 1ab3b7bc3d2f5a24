"""Miss. Code 37-3-67(a): the signed parent pledge."""
