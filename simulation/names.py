"""Given and family names for people who do not exist; joined at random, so that no pair means anybody."""

from __future__ import annotations

#: Some carry an accent, an apostrophe, a space or a hyphen: a roster must survive real spelling.
GIVEN: tuple[str, ...] = (
    "Ada", "Aaliyah", "Amos", "Anaïs", "Andre", "Bea", "Booker", "Calvin", "Carmen", "Cedric", "Chidi",
    "Clara", "Corinne", "Dalia", "Darnell", "Delphine", "Desmond", "Dorothea", "Eli", "Elena", "Ezra",
    "Fannie", "Felix", "Fern", "Gideon", "Gloria", "Hattie", "Henry", "Imani", "Inés", "Isaiah", "Ivy",
    "Jasper", "Jo Ann", "Joaquín", "Josephine", "Jude", "Kezia", "Kofi", "Lena", "Leon", "Lucía", "Mae",
    "Malik", "Marcus", "Minh", "Mercy", "Micah", "Naomi", "Nathaniel", "Nia", "Odell", "Olive", "Otis",
    "Pearl", "Percy", "Quincy", "Rosa", "Rufus", "Ruth", "Samira", "Silas", "Soledad", "Stella", "Thaddeus",
    "Thuy", "Tomás", "Ursula", "Vera", "Vernon", "Willa", "Winston", "Xavier", "Yolanda", "Zadie", "Zeke",
    "Zora", "Mary-Kate", "D'Andre", "Renée",
)  # fmt: skip

FAMILY: tuple[str, ...] = (
    "Abernathy", "Adeyemi", "Alcott", "Arredondo", "Barksdale", "Bellweather", "Birdsong", "Blackmon",
    "Boudreaux", "Brannon", "Calloway", "Cantú", "Castleberry", "Cotton", "Crowder", "Dang", "Darby",
    "Delacroix", "Dunnaway", "Easterling", "Echols", "Fairchild", "Fontenot", "Gaines", "Gentry", "Goodloe",
    "Grantham", "Hargrove", "Hathorn", "Hightower", "Holloway", "Ibarra", "Ingram", "Jernigan", "Kincaid",
    "Ladner", "Larkspur", "Le", "Lockhart", "Longmire", "Magee", "Mayfield", "McAfee", "McLemore",
    "Merriweather", "Muñoz", "Nettles", "Núñez Ortiz", "O'Quinn", "Okafor", "Overstreet", "Palmertree",
    "Peavey", "Pettigrew", "Pickering", "Quarles", "Ratcliff", "Rainey", "Rushing", "Sandoval", "Sessums",
    "Shumpert", "Singletary", "St. Clair", "Stringfellow", "Swayze", "Tadlock", "Thigpen", "Tolliver",
    "Tran", "Upchurch", "Vaughn", "Villarreal", "Walpole", "Weatherspoon", "Whitten", "Windham",
    "Yarborough", "Young-Bey", "Zambrano",
)  # fmt: skip
