#!/bin/bash
# A database for each service, owned by a role that can reach no other. Run once, by the image's first start.
set -euo pipefail

for file in "${SECRETS:-/run/secrets}"/*_database_url; do
    url=$(<"$file")
    credentials=${url#*://}
    credentials=${credentials%@*}
    role=${credentials%%:*}
    password=${credentials#*:}
    database=${url##*/}
    psql -v ON_ERROR_STOP=1 -v role="$role" -v password="$password" -v database="$database" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role" ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
