#!/bin/sh
# The real servers, browser and font that the tests start. Installs what it may, names what is missing.
set -u
packages="sqlite3 shellcheck age mosquitto mosquitto-clients influxdb chromium fonts-noto-cjk strace libfaketime nginx-light caddy gdal-bin dovecot-imapd poppler-utils poppler-data prometheus"
packages="$packages postgresql-15 postgresql-15-postgis-3 patroni etcd-server etcd-client python3-etcd python3-idna haproxy pgbackrest iproute2 minisign"
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

# Servers of a region start neither now nor with the machine: no database of their own, no service enabled.
keep_region_servers_off() {
  conf=/etc/postgresql-common/createcluster.conf
  [ -e "$conf" ] || { mkdir -p "${conf%/*}" && echo "create_main_cluster = false" >"$conf"; }
  grep -q '^ *create_main_cluster' "$conf" || echo "create_main_cluster = false" >>"$conf"
  command -v systemctl >/dev/null || return 0
  for unit in patroni etcd haproxy; do
    [ -e "/lib/systemd/system/$unit.service" ] || systemctl mask --quiet "$unit.service" || true
  done
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  keep_region_servers_off
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $missing; } >/dev/null && exit 0
fi
echo "missing:$missing; their tests will be skipped. To install: sudo apt-get install$missing"
exit 0
