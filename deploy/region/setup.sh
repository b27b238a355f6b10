#!/bin/sh
# The hub of a region on one machine or on three.
# shellcheck disable=SC1091,SC2034,SC2086,SC2153 # settings are read from files and used by name
#   setup.sh prepare FOLDER            once, on the first machine: secrets and certificates into FOLDER/NODE/
#   setup.sh install FOLDER/NODE       on each machine, with its folder: configuration, services, start
#   setup.sh render FOLDER/NODE TARGET [SETTING=VALUE ...]   only the configuration, into TARGET (tests, make region)
# FOLDER holds region.env (see region.env.example). Run again after a change of it; existing secrets stay.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ETCD_PORT=2379 ETCD_PEER_PORT=2380 PATRONI_PORT=8008 DATABASE_PORT=5432 PRIMARY_PORT=5000
FIGURES_PORT=8405 PUBLIC_ADDRESS="" UPLINK_PORT=443 PAGES_PORT=8443
ETC=/etc/shishigaki-region RUN=/run/postgresql DATA=/var/lib/postgresql/15/region ETCD_DATA=/var/lib/etcd/region
SOCKETS=/run/shishigaki-region HAPROXY_AS='user haproxy\n  group haproxy'

fail() { echo "$*" >&2; exit 1; }

node_names() { for pair in $NODES; do echo "${pair%%=*}"; done; }
address_of() { for pair in $NODES; do if [ "${pair%%=*}" = "$1" ]; then echo "${pair#*=}"; fi; done; }
count_nodes() { node_names | wc -l; }

check_settings() {
  for name in NODES UPLINK_NAME PAGES_NAME BACKUP; do
    eval "[ -n \"\${$name:-}\" ]" || fail "$folder/region.env: $name is missing; see region.env.example"
  done
  case $(count_nodes) in 1|3) ;; *) fail "NODES names $(count_nodes) machines; allowed are 1 and 3: two cannot tell which of them is cut off" ;; esac
}

# ---- prepare: secrets and certificates

authority() { # NAME: makes NAME.ca and NAME.ca.key once
  [ -e "$folder/$1.ca" ] && return
  openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 7300 -subj "/CN=Shishigaki region $1" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$folder/$1.ca.key" -out "$folder/$1.ca" 2>/dev/null
}

certificate() { # AUTHORITY FILE CN ALTNAMES DAYS: FILE.crt and FILE.key, signed by AUTHORITY
  [ -e "$2.crt" ] && return
  openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$3" -keyout "$2.key" -out "$2.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$4" >"$2.ext"
  openssl x509 -req -in "$2.csr" -CA "$folder/$1.ca" -CAkey "$folder/$1.ca.key" -CAcreateserial -days "$5" -extfile "$2.ext" \
    -out "$2.crt" 2>/dev/null
  rm -f "$2.csr" "$2.ext"
}

alternative() { case $1 in *[!0-9.]*) echo "DNS:$1" ;; *) echo "IP:$1" ;; esac; } # NAME: as certificates say it

secrets() {
  [ -e "$folder/secrets.env" ] && return
  for name in SUPERUSER REPLICATION REWIND OWNER HUB BACKUP; do
    echo "${name}_PASSWORD=$(openssl rand -hex 20)"
  done >"$folder/secrets.env"
}

prepare() {
  umask 077
  [ -e "$folder/region.env" ] || fail "$folder/region.env is missing; copy $here/region.env.example there and change it"
  . "$folder/region.env"; check_settings; secrets; authority nodes; authority towns
  certificate towns "$folder/uplink" "$UPLINK_NAME" "$(alternative "$UPLINK_NAME")" 3650
  certificate towns "$folder/pages" "$PAGES_NAME" "$(alternative "$PAGES_NAME")" 3650
  for node in $(node_names); do
    mkdir -p "$folder/$node"
    certificate nodes "$folder/$node/node" "$node" "DNS:$node,IP:$(address_of "$node"),IP:127.0.0.1" 3650
    cp "$folder/region.env" "$folder/secrets.env" "$folder/nodes.ca" "$folder/towns.ca" "$folder/$node/"
    for name in uplink pages; do cat "$folder/$name.crt" "$folder/$name.key" >"$folder/$node/$name.pem"; done
    echo "$node" >"$folder/$node/name"
  done
  cp "$folder/towns.ca.key" "$folder/$(node_names | head -n 1)/"
  echo "prepared: $(node_names | tr '\n' ' ')in $folder. Bring each folder to its machine; keep $folder offline, not here."
}

# ---- render: templates to configuration

values() { # a sed script of every setting
  for name in NODE ADDRESS PUBLIC_ADDRESS ETC RUN DATA ETCD_DATA ETCD_PORT ETCD_PEER_PORT ETCD_CLUSTER ETCD_HOSTS PATRONI_PORT \
    DATABASE_PORT PRIMARY_PORT SOCKETS HAPROXY_AS FIGURES_PORT UPLINK_PORT PAGES_PORT UPLINK_NAME PAGES_NAME BACKUP \
    HUB_PORT RECEIVER REPLICAS SUPERUSER_PASSWORD REPLICATION_PASSWORD REWIND_PASSWORD OWNER_PASSWORD HUB_PASSWORD \
    BACKUP_PASSWORD; do
    eval "printf 's|@%s@|%s|g\n' $name \"\${$name:-}\""
  done
}

fill() { sed "$(values)" "$here/templates/$1" >"$target/$1"; }

receivers() { # their settings; the section [parent] that `region parent` has written stays
  for RECEIVER in receiver1 receiver2; do
    kept=""
    if [ -e "$target/$RECEIVER.toml" ]; then kept=$(sed -n '/^\[parent\]/,$p' "$target/$RECEIVER.toml"); fi
    fill receiver.toml; mv "$target/receiver.toml" "$target/$RECEIVER.toml"
    if [ -n "$kept" ]; then printf '\n%s\n' "$kept" >>"$target/$RECEIVER.toml"; fi
  done
}

hba() { # who may connect to PostgreSQL: the nodes, over TLS, with a password
  for address in 127.0.0.1 $(for pair in $NODES; do echo "${pair#*=}"; done); do
    echo "    - hostssl all all $address/32 scram-sha-256"
    echo "    - hostssl replication replicator $address/32 scram-sha-256"
  done
}

primary() { # HAProxy's way to the member that leads
  printf '\n# The member that leads, asked of Patroni; connections to one that no longer leads are cut at once.\n'
  printf 'listen primary\n  bind 127.0.0.1:%s\n  mode tcp\n  timeout client 1h\n  timeout server 1h\n' "$PRIMARY_PORT"
  printf '  option httpchk GET /primary\n  http-check expect status 200\n'
  printf '  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions check-ssl ca-file %s/nodes.ca crt %s/node.pem verify required\n' "$ETC" "$ETC"
  for pair in $NODES; do printf '  server %s %s:%s check port %s\n' "${pair%%=*}" "${pair#*=}" "$DATABASE_PORT" "$PATRONI_PORT"; done
}

pgpass() { # who logs in to the database by way of this machine, and whose tables they are
  echo "*:*:*:shishigaki_hub:$HUB_PASSWORD" >"$target/hub.pgpass"
  printf '*:*:*:shishigaki_owner:%s\n*:*:*:postgres:%s\n' "$OWNER_PASSWORD" "$SUPERUSER_PASSWORD" >"$target/owner.pgpass"
  echo "postgresql://shishigaki_owner@127.0.0.1:$HUB_PORT/region?sslmode=verify-ca&sslrootcert=$ETC/nodes.ca" >"$target/owner.url"
  if [ "$UPLINK_PORT" = 443 ]; then echo "https://$UPLINK_NAME"; else echo "https://$UPLINK_NAME:$UPLINK_PORT"; fi >"$target/uplink.url"
}

render() {
  umask 077; mkdir -p "$target"
  . "$folder/region.env"; . "$folder/secrets.env"; check_settings
  NODE=$(cat "$folder/name"); ADDRESS=$(address_of "$NODE")
  ETCD_CLUSTER="" ETCD_HOSTS=""
  for setting in "$@"; do eval "${setting%%=*}=\${setting#*=}"; done
  HUB_PORT=$PRIMARY_PORT REPLICAS=1
  if [ "$(count_nodes)" = 1 ]; then HUB_PORT=$DATABASE_PORT REPLICAS=0; fi
  for pair in $NODES; do
    ETCD_CLUSTER="$ETCD_CLUSTER,${pair%%=*}=https://${pair#*=}:$ETCD_PEER_PORT"
    ETCD_HOSTS="$ETCD_HOSTS,${pair#*=}:$ETCD_PORT"
  done
  ETCD_CLUSTER=${ETCD_CLUSTER#,} ETCD_HOSTS=${ETCD_HOSTS#,}
  for file in haproxy.cfg pgbackrest.conf; do fill "$file"; done
  receivers; pgpass
  cp "$folder"/*.pem "$folder"/*.ca "$folder"/node.* "$target/"
  if [ -e "$folder/towns.ca.key" ]; then cp "$folder/towns.ca.key" "$target/"; fi
  cat "$target/node.crt" "$target/node.key" >"$target/node.pem"
  if [ "$(count_nodes)" = 1 ]; then fill postgresql.conf
  else fill etcd.conf; fill patroni.yml; hba >>"$target/patroni.yml"; primary >>"$target/haproxy.cfg"; fi
}

# ---- install: this machine

install_packages() {
  packages="ca-certificates openssl postgresql-15 postgresql-15-postgis-3 pgbackrest haproxy python3 python3-venv"
  if [ "$(count_nodes)" = 3 ]; then packages="$packages patroni etcd-server python3-etcd python3-idna"; fi
  mkdir -p /etc/postgresql-common # Debian would start a database of its own
  grep -qs '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf ||
    echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf
  missing=""
  for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of words
  { apt-get update -q && apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold $missing; } >/dev/null ||
    fail "apt-get could not install:$missing"
}

install_users() {
  getent group region-keys >/dev/null || groupadd --system region-keys
  getent passwd shishigaki-hub >/dev/null ||
    useradd --system --gid haproxy --no-create-home --home-dir /var/lib/shishigaki-region --shell /usr/sbin/nologin shishigaki-hub
  for user in postgres etcd; do
    if getent passwd "$user" >/dev/null; then usermod -a -G region-keys "$user"; fi
  done
}

install_files() {
  target=$ETC; render
  chown -R root:region-keys "$ETC"; chmod 0755 "$ETC"; chmod 0640 "$ETC"/*
  chmod 0600 "$ETC"/owner.* "$ETC"/*.pem
  if [ -e "$ETC/towns.ca.key" ]; then chmod 0600 "$ETC/towns.ca.key"; fi
  for file in nodes.ca towns.ca uplink.url; do chmod 0644 "$ETC/$file"; done
  for file in receiver1.toml receiver2.toml; do chmod 0644 "$ETC/$file"; done
  chown shishigaki-hub "$ETC/hub.pgpass"; chmod 0600 "$ETC/hub.pgpass"
  if [ -d "$ETC/parent" ]; then chown -R shishigaki-hub "$ETC/parent"; chmod -R u=rwX,go= "$ETC/parent"; fi
  if [ "$(count_nodes)" = 3 ]; then chown postgres "$ETC/patroni.yml"; chmod 0600 "$ETC/patroni.yml"; fi
  install -m 0644 "$ETC/haproxy.cfg" /etc/haproxy/haproxy.cfg
  install -m 0644 "$here"/systemd/* /etc/systemd/system/
  install -m 0644 "$here/tmpfiles.conf" /etc/tmpfiles.d/shishigaki-region.conf
  install -m 0755 "$here/shishigaki-region" /usr/local/bin/shishigaki-region
  install -d /opt/shishigaki/doc/region; install -m 0644 "$here/INSTALL.md" "$here/parent.conf" /opt/shishigaki/doc/region/
  systemd-tmpfiles --create /etc/tmpfiles.d/shishigaki-region.conf
}

install_database() { # three machines: etcd and Patroni; one: PostgreSQL alone
  if [ "$(count_nodes)" = 3 ]; then
    install -m 0644 "$ETC/etcd.conf" /etc/default/etcd
    install -d -o etcd -g etcd -m 0700 "$ETCD_DATA"
    install -d -o postgres -g postgres "${DATA%/*}" # Patroni may move what it could not use aside
    install -d -o postgres -g postgres -m 0700 "$DATA" # what stands in it stays
    ln -sf "$ETC/patroni.yml" /etc/patroni/config.yml
    services="etcd patroni"
  else
    pg_lsclusters -h | grep -q '^15 region ' || pg_createcluster 15 region --datadir "$DATA" --locale C.UTF-8 -- --data-checksums >/dev/null
    own=/etc/postgresql/15/region
    install -d "$own/conf.d"; install -m 0644 "$ETC/postgresql.conf" "$own/conf.d/shishigaki.conf"
    grep -q "^include_dir = 'conf.d'" "$own/postgresql.conf" || echo "include_dir = 'conf.d'" >>"$own/postgresql.conf"
    services=postgresql@15-region
  fi
}

install_backup() { # a folder that is new belongs to postgres from now on; one that is missing is not mounted
  if [ -d "$BACKUP" ] && [ -z "$(find "$BACKUP" -mindepth 1 ! -name lost+found)" ]; then
    chown postgres:postgres "$BACKUP" && chmod 0750 "$BACKUP" || echo "$BACKUP cannot be given to postgres" >&2
  fi
}

start_services() {
  systemctl daemon-reload
  # shellcheck disable=SC2086 # a list of words
  for service in $services haproxy shishigaki-receiver@receiver1 shishigaki-receiver@receiver2; do
    systemctl enable --quiet "$service"; systemctl restart --no-block "$service"
  done
  systemctl enable --quiet --now shishigaki-region-backup.timer shishigaki-region-backup-full.timer shishigaki-region-export.timer
}

in_recovery() { # COMMAND...: f on the machine that leads, t on a replica, nothing while there is none
  "$@" -tAc 'SELECT pg_is_in_recovery()' postgres 2>/dev/null || true
}

make_database() { # by way of HAProxy, whichever machine leads; on one machine by its socket
  here_only="runuser -u postgres -- psql -qX -h $RUN -p $DATABASE_PORT -U postgres" leader=$here_only
  if [ "$(count_nodes)" = 3 ]; then
    leader="env PGPASSFILE=$ETC/owner.pgpass PGSSLMODE=verify-ca PGSSLROOTCERT=$ETC/nodes.ca PGCONNECT_TIMEOUT=3
      psql -qX -h 127.0.0.1 -p $PRIMARY_PORT -U postgres"
  fi
  tries=0
  until [ "$(in_recovery $leader)" = f ]; do
    tries=$((tries + 1))
    if [ $tries -ge "$1" ]; then
      echo "no machine leads yet. On three machines: go on with the others; the last one makes the database."; return
    fi
    sleep 1
  done
  sed -e "s|:'owner_password'|'$OWNER_PASSWORD'|; s|:'hub_password'|'$HUB_PASSWORD'|" "$here/roles.sql" |
    $leader -v ON_ERROR_STOP=1 -f - postgres
  if [ "$(in_recovery $here_only)" = f ]; then
    runuser -u postgres -- pgbackrest --config="$ETC/pgbackrest.conf" --stanza=region stanza-create ||
      echo "the backup's folder $BACKUP cannot be used by postgres: mend that, then systemctl start shishigaki-region-backup@full" >&2
  fi
  echo "the database is ready. Once, on one machine: shishigaki-region migrate"
}

install_all() {
  [ "$(id -u)" = 0 ] || fail "must run as root: sudo sh $0 install $folder"
  . "$folder/region.env"; . "$folder/secrets.env"; check_settings
  install_packages; install_users
  sh "$here/../install.sh" --program-only "$here/requirements.txt"
  install_files; install_backup; install_database; start_services; make_database 60
  echo "this machine is set up. What is wrong, if anything: shishigaki-region doctor"
}

command=${1:-}; folder=${2:-}
[ -d "$folder" ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case $command in
  prepare) prepare ;;
  install) install_all ;;
  render) target=${3:?render needs a target}; shift 3; render "$@" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
