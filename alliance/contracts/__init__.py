"""The events that services share: the only thing that they share.

registry.py    contract(type, version), strict when written, tolerant when read, upcasters
fields.py      ids, periods, school years
roster.py pledges.py folders.py surveys.py evaluation.py    the contracts, one schema per (type, version)
documents.py   JSON Schemas and the AsyncAPI document made from them
"""

from . import evaluation, folders, pledges, roster, surveys
from .registry import Contract, contracts, current, read, source_of, upcast, write

__all__ = [
    "Contract",
    "contracts",
    "current",
    "evaluation",
    "folders",
    "pledges",
    "read",
    "roster",
    "source_of",
    "surveys",
    "upcast",
    "write",
]
