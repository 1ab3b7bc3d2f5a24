"""How a value of a table is printed, by the kind of its column, in English and in Spanish.

Both as they are written in the United States: a point before decimals, commas between thousands. A half is rounded
away from zero, since that is what a reader does who checks a figure by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from babel.numbers import format_currency, format_decimal

from .folder import Kind, Value

#: What is printed where there is nothing to show; whoever renders it says in words what it means.
NOT_SHOWN = "–"

_LOCALES = {"en": "en_US", "es": "es_US"}
# A screen reader says "minus" to this, and to a hyphen often nothing.
_MINUS = "\u2212"
# Keeps the number and its unit on one line.
_SPACE = "\u00a0"

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "yes": "yes",
        "no": "no",
        "points": "points",
        "not_shown": "not shown",
        "contents": "Contents",
        "skip": "Skip to the report",
        "as_of": "Figures as of",
        "report": "Report",
        "table": "Table",
        "figure": "Figure",
        "numbers": "The numbers:",
        "definition": "Definition",
        "files": "All of it as a file:",
        "no_rows": "There is nothing to list.",
        "some_rows": "The first {shown} of {all} rows; the file has all of them.",
        "some_columns": "{shown} of {all} columns; the file has all of them.",
    },
    "es": {
        "yes": "sí",
        "no": "no",
        "points": "puntos",
        "not_shown": "no se muestra",
        "contents": "Contenido",
        "skip": "Ir al informe",
        "as_of": "Cifras al",
        "report": "Informe",
        "table": "Tabla",
        "figure": "Gráfico",
        "numbers": "Las cifras:",
        "definition": "Definición",
        "files": "Todo en un archivo:",
        "no_rows": "No hay nada que mostrar.",
        "some_rows": "Las primeras {shown} de {all} filas; el archivo las tiene todas.",
        "some_columns": "{shown} de {all} columnas; el archivo las tiene todas.",
    },
}


def words(language: str) -> Mapping[str, str]:
    """What a report says of itself; raises ValueError for a language that it is not printed in."""
    if language not in _WORDS:
        raise ValueError(f"language {language!r}: a report is printed in {' and '.join(_WORDS)}")
    return MappingProxyType(_WORDS[language])


def printed(value: Value, kind: Kind = "text", language: str = "en") -> str:
    """Plain text, to be escaped. A text is printed as it is, whatever its kind.

    A fraction of kind "text" is printed as a "number"; whole dollars have no cents.
    """
    said = words(language)
    if value is None:
        return NOT_SHOWN
    if isinstance(value, bool):
        return said["yes"] if value else said["no"]
    if isinstance(value, str):
        return value
    number = Decimal(str(value))
    match kind:
        case "share":
            return f"{_decimal(number * 100, 1, language)}{_SPACE}%"
        case "change":
            points = _decimal(number * 100, 1, language, signed=True)
            return f"{points}{_SPACE}{said['points']}"
        case "count":
            return _decimal(number, 0, language)
        case "number":
            return _decimal(number, 2, language)
        case "dollars":
            return _dollars(number, 0 if isinstance(value, int) else 2, language)
        case "text":
            # A year or an id that is a number has no thousands.
            return str(value) if isinstance(value, int) else _decimal(number, 2, language)


def _decimal(number: Decimal, places: int, language: str, *, signed: bool = False) -> str:
    number = _rounded(number, places)
    text = format_decimal(abs(number), f"#,##0.{'0' * places}" if places else "#,##0", _LOCALES[language])
    return f"{_sign(number, signed)}{text}"


def _dollars(number: Decimal, places: int, language: str) -> str:
    number = _rounded(number, places)
    text = format_currency(
        abs(number),
        "USD",
        f"¤#,##0.{'0' * places}" if places else "¤#,##0",
        _LOCALES[language],
        currency_digits=False,
    )
    return f"{_sign(number)}{text}"


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _sign(number: Decimal, signed: bool = False) -> str:
    """None for what is rounded to nothing."""
    if number < 0:
        return _MINUS
    return "+" if signed and number > 0 else ""
