"""Miss. Code 37-3-67(g): the home survey, confidential or anonymous."""
