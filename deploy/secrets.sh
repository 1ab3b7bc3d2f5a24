#!/bin/sh
# Make every secret that docker-compose.yml names, as a file in deploy/secrets/. One that exists is kept: secret_key
# gives all ids, so a new one would make every child somebody else.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

# The files can be read by all, since compose mounts them into containers with other users; the folder cannot.
keep() { # keep NAME VALUE
    [ -e "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
    chmod 0444 "secrets/$1"
}
random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

keep secret_key "$(random)"
keep edge_secret "$(random)"
keep postgres_password "$(random)"
keep grafana_password "$(random)"
for service in roster pledges folders surveys evaluation gateway; do
    keep "${service}_database_url" "postgresql+psycopg2://$service:$(random)@postgres:5432/$service"
done
if [ ! -e secrets/broker_url ]; then
    password=$(random)
    keep rabbitmq_user "default_user = alliance
default_pass = $password"
    keep broker_url "amqp://alliance:$password@rabbitmq:5672/%2F"
fi
chmod 0700 secrets
