"""The files of a OneRoster bundle, their columns and vocabularies.

Source: OneRoster CSV Tables 1.1, sections 4 and 5; OneRoster CSV Binding 1.2, sections 4 and 5. Both versions are
read by one table: 1.2 moves `role` and `orgSourcedIds` from users.csv to roles.csv and adds columns.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSIONS = ("1.1", "1.2")


@dataclass(frozen=True, slots=True)
class Layout:
    """One file: the columns that are used, those without which it cannot be read, and all others that may be there."""

    used: tuple[str, ...]
    required: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.used + self.others)


_ROW = ("sourcedId", "status", "dateLastModified")

FILES: dict[str, Layout] = {
    "orgs": Layout((*_ROW, "name", "type", "identifier", "parentSourcedId"), ("sourcedId", "name", "type")),
    "academicSessions": Layout(
        (*_ROW, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
        ("sourcedId", "type", "startDate", "endDate"),
    ),
    "courses": Layout(
        (*_ROW, "schoolYearSourcedId", "orgSourcedId"),
        ("sourcedId",),
        ("title", "courseCode", "grades", "subjects", "subjectCodes"),
    ),
    "classes": Layout(
        (*_ROW, "title", "grades", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
        ("sourcedId", "classType", "schoolSourcedId"),
        ("classCode", "location", "subjects", "subjectCodes", "periods"),
    ),
    "users": Layout(
        (*_ROW, "orgSourcedIds", "role", "givenName", "familyName", "email", "sms", "phone", "agentSourcedIds",
         "grades"),
        ("sourcedId", "givenName", "familyName"),
        # Passwords and the like may be in the file; they are never read from it.
        ("enabledUser", "username", "userIds", "middleName", "identifier", "password", "userMasterIdentifier",
         "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns",
         "resourceSourcedIds"),
    ),
    "roles": Layout(
        (*_ROW, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
        ("sourcedId", "userSourcedId", "role", "orgSourcedId"),
        ("userProfileSourcedId",),
    ),
    "userProfiles": Layout(
        (*_ROW, "userSourcedId"),
        ("sourcedId", "userSourcedId"),
        ("profileType", "vendorId", "applicationId", "description", "credentialType", "username", "password"),
    ),
    "enrollments": Layout(
        (*_ROW, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "beginDate", "endDate"),
        ("sourcedId", "classSourcedId", "userSourcedId", "role"),
        ("primary",),
    ),
    "demographics": Layout(
        (*_ROW, "birthDate"),
        ("sourcedId",),
        ("sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
         "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
         "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
         "publicSchoolResidenceStatus"),
    ),
}  # fmt: skip

#: Files of the standard about lessons and marks: they may be there and are not read.
NOT_READ = frozenset({
    "categories", "classResources", "courseResources", "lineItems", "lineItemLearningObjectiveIds",
    "lineItemScoreScales", "resources", "results", "resultLearningObjectiveIds", "resultScoreScales", "scoreScales",
    "userResources",
})  # fmt: skip

ORG_TYPES = frozenset({"department", "school", "district", "local", "state", "national"})
SESSION_TYPES = frozenset({"gradingPeriod", "semester", "schoolYear", "term"})
CLASS_TYPES = frozenset({"homeroom", "scheduled"})
ENROLMENT_ROLES = frozenset({"administrator", "proctor", "student", "teacher", "aide"})
GUARDIAN_ROLES = ("parent", "guardian", "relative")
USER_ROLES = frozenset({
    "administrator", "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor",
    "relative", "siteAdministrator", "student", "systemAdministrator", "teacher",
})  # fmt: skip


def spelled(word: str, vocabulary: frozenset[str]) -> str | None:
    """The vocabulary's own spelling of a word written in any case; None when it is not one of them."""
    lower = word.lower()
    return next((known for known in vocabulary if known.lower() == lower), None)
