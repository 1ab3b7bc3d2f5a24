"""The texts of the pledge that families sign: fixed for good, in both languages, short."""

from __future__ import annotations

from services.pledges.app import shipped_statements

#: `sha256sum` of title, line break and text in UTF-8. A signature holds this hash, so a text that has been shipped
#: never changes: another wording is another version.
SHIPPED = {
    ("2026-1", "en"): "260e02ce865601bcc1e1a2f8fee4b77f8adbf1c92848bf20ce37824c0a3366e5",
    ("2026-1", "es"): "bd35beb2a9a47c5a544c6da85eb90fc369b5928e4d032ccc3a0ac224b8d15737",
}


def test_a_text_that_was_shipped_never_changes() -> None:
    found = {(each.statement, each.language): each.hash for each in shipped_statements().all()}
    assert {key: found.get(key) for key in SHIPPED} == SHIPPED


def test_every_version_is_there_in_english_and_in_spanish_and_fits_on_a_page() -> None:
    every = shipped_statements().all()
    for version in {each.statement for each in every}:
        texts = [each for each in every if each.statement == version]
        assert {each.language for each in texts} == {"en", "es"}
        assert all(each.title and len(each.text.split()) <= 150 for each in texts)
        assert len({each.text for each in texts}) == 2, "a translation, not a copy"
