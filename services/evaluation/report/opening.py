"""The first pages: the letter, the finding on one page, and the summary in plain English and in Spanish."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from .document import Key, Keys, Listing, Paragraph, Section
from .figures import state
from .material import Material
from .participation import COMPONENTS, counts
from .programme import TITLES, several
from .support import support

_KEYS = ("pledges_signed", "classes_on_time", "folders_returned", "survey_response")


def day(of: date, language: str = "en") -> str:
    return format_date(of, "long", locale="en_US" if language == "en" else "es_US")


def letter(material: Material) -> Section:
    year = material.figures.now.year.school_year
    return Section(
        "letter",
        "Letter to the Legislature and the Governor",
        (
            Paragraph("To the members of the Legislature and to the Governor of the State of Mississippi:"),
            Paragraph(
                "Section 37-3-71 of the Mississippi Code asks the State Board of Education to evaluate the "
                "Alliance for Families programme in the districts that take part, to identify exemplary "
                "programmes, and to recommend "
                f"methods and criteria for funding. This report does so for the school year {year}, from what "
                f"districts had recorded up to {day(material.snapshot.as_of)}."
            ),
            Paragraph(
                "It says what is known, how surely, and what is not known. Every figure comes with the number "
                "it is of, an interval, and a definition; none of them tells of a single child. Districts are "
                "compared fairly: by how far their figures differ from the state beyond what chance makes of "
                "their size, never by rank."
            ),
            Paragraph(
                f"Of the eight components that the law lists, {sum(bool(of.indicators) for of in COMPONENTS)} are "
                "measured today. The others are named in this report as not yet measured, and are no finding against "
                "anybody."
            ),
        ),
    )


def finding(material: Material) -> Section:
    """One page: four figures, and what they come to."""
    keys = []
    for name in _KEYS:
        k, n = state(material.figures.now, name)
        value = f"{100 * k / n:.1f} %" if n else "not shown"
        keys.append(Key(value, TITLES[name], "components"))
    return Section(
        "finding",
        "The finding on one page",
        (Keys(tuple(keys)), Listing(tuple(_points(material)))),
        page=True,
    )


def _points(material: Material) -> list[str]:
    figures = material.figures
    now = counts(figures.now)
    called = [
        each.verdict
        for of in figures.now.comparisons.values()
        for each in of.districts.values()
        if each.verdict
    ]
    consistent = sum(verdict == "consistent with the state" for verdict in called)
    return [
        f"{now['districts']:,} districts and {now['schools']:,} schools take part."
        + ("" if figures.before else " There is no earlier year, so that growth cannot be stated."),
        f"{consistent:,} of {len(called):,} comparisons of a district with the state are consistent with it: most "
        "differences between districts are no larger than chance and ordinary variety make them.",
        f"The written rule names {several(len(material.named), 'programme')} to be looked at as examples; people "
        "decide."
        if material.named
        else "The written rule names no programme as an example this year.",
        f"{several(_support(material), 'district').capitalize()} could be helped first.",
        _budget(material),
        "Family events, reading at home, training, newsletters and conferences are not yet measured.",
        "This is descriptive evidence: it cannot show what the programme has brought about.",
    ]


def _support(material: Material) -> int:
    return len({row[0] for row in support(material.figures, material.names).rows})


def _budget(material: Material) -> str:
    if material.plan is None or not material.scenarios:
        return f"There are no funding scenarios: {material.unfunded}."
    said = "the stated budget" if material.stated else "an example, since no budget was stated,"
    return f"Three ways to share {said} of {material.plan.budget / 100:,.0f} dollars are set side by side."


def plain(material: Material) -> Section:
    """The summary for families, in English and then in Spanish."""
    return Section(
        "summary",
        "Summary in plain language",
        (),
        (
            Section("summary-en", "In English", tuple(Paragraph(text) for text in _english(material))),
            Section(
                "summary-es",
                "En español",
                tuple(Paragraph(text) for text in _spanish(material)),
                language="es",
            ),
        ),
        page=True,
    )


def _english(material: Material) -> list[str]:
    now = material.figures.now
    said = [
        "Alliance for Families is a programme of Mississippi's schools. Families sign a pledge to help their "
        "child learn. A folder comes home every month, and a parent signs it. Once a year families say in a "
        "survey how things "
        f"are going. This is how it went in {now.year.school_year}."
    ]
    said += [
        f"{text}: {_rate(material, name, 'en')}."
        for name, text in (
            ("pledges_signed", "Children whose family signed the pledge"),
            ("classes_on_time", "Folders that went home within their month, class by class"),
            ("folders_returned", "Folders that came back signed"),
            ("survey_response", "Families that answered the survey"),
        )
    ]
    said.append(
        "Small groups are not shown, so that nobody can find out anything about one child. Some differences between "
        "districts are only chance, as when you toss a coin ten times. We say that a district is different only when "
        "chance can hardly be the reason."
    )
    said.append(
        "Some parts of the programme are not counted yet, such as family evenings, reading at home and talks with "
        "teachers."
    )
    return said


def _spanish(material: Material) -> list[str]:
    now = material.figures.now
    said = [
        "Alianza para las Familias es un programa de las escuelas de Misisipi. Las familias firman un "
        "compromiso para ayudar a sus hijos a aprender. Cada mes llega a casa una carpeta, y la madre, el "
        "padre o quien los cuida la firma. Una vez al "
        f"año las familias dicen en una encuesta cómo van las cosas. Así fue en el año escolar {now.year.school_year}."
    ]
    said += [
        f"{text}: {_rate(material, name, 'es')}."
        for name, text in (
            ("pledges_signed", "Niños cuya familia firmó el compromiso"),
            ("classes_on_time", "Carpetas que llegaron a casa dentro de su mes, clase por clase"),
            ("folders_returned", "Carpetas que volvieron firmadas"),
            ("survey_response", "Familias que respondieron la encuesta"),
        )
    ]
    said.append(
        "Los grupos pequeños no se muestran, para que nadie pueda saber algo de un solo niño. Algunas "
        "diferencias entre distritos son pura casualidad, como al lanzar una moneda diez veces. Decimos que "
        "un distrito es diferente solo cuando la casualidad difícilmente lo explica."
    )
    said.append(
        "Algunas partes del programa todavía no se cuentan, como las noches familiares, la lectura en casa y las "
        "conversaciones con los maestros."
    )
    return said


def _rate(material: Material, name: str, language: str) -> str:
    k, n = state(material.figures.now, name)
    if not n:
        return {"en": "not shown", "es": "no se muestra"}[language]
    locale = "en_US" if language == "en" else "es_US"
    share, size = format_percent(k / n, "#,##0 %", locale=locale), format_decimal(round(n), locale=locale)
    return f"{share} {'of' if language == 'en' else 'de'} {size}"
