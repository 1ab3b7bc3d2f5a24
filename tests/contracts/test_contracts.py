"""The contracts: strict when written, tolerant when read, and what is generated from them."""

import json
from pathlib import Path

import jsonschema
import pytest

from alliance import contracts
from alliance.contracts import documents
from alliance.errors import UnknownContract

EVERY = list(contracts.contracts())
GENERATED = Path(__file__).parents[2] / "deploy" / "contracts"


def names(contract):
    return f"{contract.type}-v{contract.version}"


@pytest.fixture(params=EVERY, ids=names)
def contract(request):
    return request.param


def test_every_example_is_taken_when_it_is_written(contract):
    assert contracts.write(contract.type, contract.version, contract.example) == dict(contract.example)


def test_every_example_fits_the_json_schema_that_readers_get(contract):
    schema = documents.json_schema(contract)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(dict(contract.example), schema, jsonschema.Draft7Validator)


def test_an_unknown_field_is_refused_in_writing_and_dropped_in_reading(contract):
    more = {**contract.example, "surprise": 1}
    with pytest.raises(ValueError, match="surprise"):
        contracts.write(contract.type, contract.version, more)
    assert contracts.read(contract.type, contract.version, more) == dict(contract.example)


@pytest.mark.parametrize(
    ("contract", "field"),
    [(contract, field) for contract in EVERY for field in contract.example],
    ids=lambda value: value if isinstance(value, str) else names(value),
)
def test_a_missing_field_is_refused_in_writing(contract, field):
    less = {name: value for name, value in contract.example.items() if name != field}
    with pytest.raises(ValueError, match=field):
        contracts.write(contract.type, contract.version, less)


@pytest.mark.parametrize("school_year", ["2026", "2026-28", "2026-2027", "26-27", ""])
def test_a_school_year_is_two_years_that_follow(school_year):
    example = {contract.type: contract.example for contract in EVERY}["PledgeSigned"]
    with pytest.raises(ValueError, match="school_year"):
        contracts.write("PledgeSigned", 1, {**example, "school_year": school_year})


def test_the_turn_of_the_century_is_a_school_year():
    example = {contract.type: contract.example for contract in EVERY}["PledgeSigned"]
    assert contracts.write("PledgeSigned", 1, {**example, "school_year": "2099-00"})


def test_an_unknown_type_or_version_is_said_to_be_unknown():
    with pytest.raises(UnknownContract):
        contracts.read("PledgeForgotten", 1, {})
    with pytest.raises(UnknownContract):
        contracts.upcast("PledgeSigned", 99, {})


def test_the_published_documents_have_not_changed_silently():
    """A contract that has been published never changes: make a new version, then generate again."""
    expected = {
        f"{contract.type}.v{contract.version}.schema.json": documents.text(documents.json_schema(contract))
        for contract in EVERY
    }
    expected["asyncapi.json"] = documents.text(documents.asyncapi())
    found = {path.name: path.read_text("utf-8") for path in GENERATED.glob("*.json")}
    assert found.keys() == expected.keys()
    for name, text in expected.items():
        assert found[name] == text, f"{name} differs from its contract"


def test_the_asyncapi_document_is_valid_by_the_published_schema(data):
    schema = json.loads((data / "asyncapi-compose-schemas" / "asyncapi-3.0.0.json").read_text("utf-8"))
    jsonschema.validate(documents.asyncapi(), schema)


def test_no_contract_has_a_field_that_could_hold_a_name_of_a_person():
    personal = {"name", "given_name", "family_name", "email", "phone", "sms", "address", "note", "reason"}
    public = {"DistrictRegistered", "SchoolRegistered"}
    for contract in EVERY:
        if contract.type not in public:
            assert not personal & set(contract.example), contract.type
