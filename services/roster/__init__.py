"""The roster: districts, schools, classes, students and guardians from OneRoster bundles; everybody's denominators."""
